"""Wrong values in each route's fields: a 4xx within a second, whose sentence names the field."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import MODELS
from tests.faults import fault
from tests.http.wrong import BINARY, FACTS, IMAGE, IMAGES, TABLE, TENSORS, binary, column, tensor
from tests.repositories import regression_model, table_model, tiny_model
from tests.server import Server, serve


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    models = tmp_path_factory.mktemp("models")
    tiny_model(models, "digits")
    table_model(models, "loans")
    regression_model(models, "prices")
    shutil.copytree(MODELS / "digits-cnn", models / "digits-cnn")  # it has layers
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "digits-cnn",
    }  # fmt: skip
    with serve(**settings) as running:
        yield running


def check(client: httpx.Client, route: str, content: bytes, named: str, **headers: str) -> None:
    sent = {"content-type": "application/json", **headers}
    for _ in range(3):  # the machine may be busy
        answer = client.post(route, content=content, headers=sent)
        if answer.elapsed.total_seconds() < 1:
            break
    assert answer.elapsed.total_seconds() < 1
    assert 400 <= answer.status_code < 500, answer.text
    assert set(answer.json()) <= {"error", "detail"}
    assert named in answer.json()["error"], answer.text
    assert len(answer.text) < 2_000


@fault("wrong-input")
@pytest.mark.parametrize("route", ["/predict", "/compare", "/explain", "/layers"])
@pytest.mark.parametrize("case", IMAGES)
def test_images(client: httpx.Client, route: str, case: str) -> None:
    body, named = IMAGES[case]
    check(client, route, body.encode(errors="surrogateescape"), named)


@fault("wrong-input")
@pytest.mark.parametrize("route", ["/predict", "/explain"])
@pytest.mark.parametrize("case", TABLE)
def test_rows_of_a_table(client: httpx.Client, route: str, case: str) -> None:
    body, named = TABLE[case]
    check(client, route, body.encode(), named)


@fault("wrong-input")
@pytest.mark.parametrize("case", FACTS)
def test_facts(client: httpx.Client, case: str) -> None:
    body, named = FACTS[case]
    check(client, "/recommend", body.encode(), named)


@fault("wrong-input")
@pytest.mark.parametrize("route", ["/v2/models/digits/infer", "/v2/models/digits/versions/1/infer"])
@pytest.mark.parametrize("case", TENSORS)
def test_tensors_as_json(client: httpx.Client, route: str, case: str) -> None:
    body, named = TENSORS[case]
    check(client, route, body.encode(), named)


@fault("wrong-input")
@pytest.mark.parametrize("case", BINARY)
def test_tensors_in_binary_form(client: httpx.Client, case: str) -> None:
    (content, length), named = BINARY[case]
    headers = {
        "content-type": "application/octet-stream", "inference-header-content-length": length,
    }  # fmt: skip
    check(client, "/v2/models/digits/infer", content, named, **headers)


@fault("wrong-input")
@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinities_in_binary_form(client: httpx.Client, value: float) -> None:
    """JSON has no way to write them; four bytes have."""
    size = {"binary_data_size": 4}
    age = {"name": "age", "shape": [1, 1], "datatype": "FP32", "parameters": size}
    inputs = [age, column("income", "FP32", 1), column("town", "BYTES", "Oslo")]
    content, length = binary({"inputs": inputs}, struct.pack("<f", value))
    headers = {"inference-header-content-length": length}
    check(client, "/v2/models/loans/infer", content, "rows[0] has no answer", **headers)


@fault("wrong-input")
def test_none_of_it_has_harmed_the_server(client: httpx.Client) -> None:
    for route in ("/predict", "/compare", "/explain", "/layers"):
        assert client.post(route, json={"instances": [IMAGE]}).status_code == 200
    answer = client.post("/v2/models/digits/infer", content=tensor().encode())
    assert answer.status_code == 200, answer.text
