"""A model that yields NaN: an error that names it and a count, and never null for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
from onnx import helper

from contract.batch import Batch
from contract.tensors import Input, Output
from service.protocol.binary import HEADER
from tests.faults import fault
from tests.graphs import graph_of
from tests.repositories import write_model
from tests.server import Server, serve

INPUTS = tuple(
    Input(name=name, datatype="FP32", shape=(-1,), content="number", columns=(name,))
    for name in ("p", "q")
)
VALUE = Output(name="y", datatype="FP32", shape=(-1,), role="value")
HALVES = Output(name="halves", datatype="FP32", shape=(-1, 2), role="probabilities")
# 0 / 0 is NaN, 1 / 0 infinite.
GOOD, ZEROS, POLE = {"p": 1.0, "q": 2.0}, {"p": 0.0, "q": 0.0}, {"p": 1.0, "q": 0.0}


SAMPLES = Batch({"p": np.array([1, 3], np.float32), "q": np.array([2, 4], np.float32)})


def calculator(root: Path, name: str, operator: str, then: str = "Identity") -> None:
    """A regression: an operator of both columns, then one of its result."""
    nodes = [
        helper.make_node(operator, ["p", "q"], ["both"]),
        helper.make_node(then, ["both"], ["y"]),
    ]
    graph = graph_of(nodes, INPUTS, [VALUE])
    write_model(root, name, graph, INPUTS, (VALUE,), SAMPLES, task="regression", labels=())


def classifier(root: Path, name: str) -> None:
    """Probabilities p / (p + q) and q / (p + q)."""
    nodes = [
        helper.make_node("Add", ["p", "q"], ["sum"]),
        helper.make_node("Div", ["p", "sum"], ["first"]),
        helper.make_node("Div", ["q", "sum"], ["second"]),
        helper.make_node("Unsqueeze", ["first", "last"], ["a"]),
        helper.make_node("Unsqueeze", ["second", "last"], ["b"]),
        helper.make_node("Concat", ["a", "b"], ["halves"], axis=1),
    ]
    graph = graph_of(nodes, INPUTS, [HALVES], {"last": np.array([1])})
    write_model(root, name, graph, INPUTS, (HALVES,), SAMPLES, labels=("p", "q"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    models = tmp_path_factory.mktemp("models")
    calculator(models, "sums", "Add")
    calculator(models, "quotients", "Div")
    calculator(models, "gaps", "Sub", "Reciprocal")
    classifier(models, "shares")
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "sums",
    }  # fmt: skip
    with serve(**settings) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def counted(client: httpx.Client, model: str) -> float:
    """Rows of a model whose answer was not a finite number."""
    listed = client.get("/models").json()["models"]
    (provider,) = (one["provider"] for one in listed if one["name"] == model)
    name = f'rosenblatt_refused_rows_total{{model="{model}",provider="{provider}",'
    (line,) = (
        line
        for line in client.get("/metrics").text.splitlines()
        if line.startswith(name + 'reason="not_finite"')
    )
    return float(line.rpartition(" ")[2])


def infer(client: httpx.Client, model: str, rows: int = 1, *, binary: bool) -> httpx.Response:
    """The protocol's answer to rows of zeros."""
    data = np.zeros(rows, "<f4").tobytes()
    each: dict[str, Any] = {"shape": [rows], "datatype": "FP32"}
    each |= {"parameters": {"binary_data_size": len(data)}} if binary else {"data": [0.0] * rows}
    document = {
        "inputs": [{"name": name, **each} for name in ("p", "q")],
        "parameters": {"binary_data_output": binary},
    }
    header = orjson.dumps(document)
    path = f"/v2/models/{model}/infer"
    if not binary:
        return client.post(path, content=header, headers={"content-type": "application/json"})
    headers = {HEADER: str(len(header)), "content-type": "application/octet-stream"}
    return client.post(path, content=header + data + data, headers=headers)


def check(answer: httpx.Response, model: str, output: str, where: str) -> None:
    assert answer.status_code == 500, answer.text
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert document["error"].startswith(f"model '{model}' version 1 gave no finite number as ")
    assert f"(output '{output}') for {where}" in document["error"]


@fault("nan-output")
@pytest.mark.parametrize(("model", "output"), [("quotients", "y"), ("shares", "halves")])
@pytest.mark.parametrize("route", ["/predict", "/explain"])
def test_an_answer_that_is_not_a_number_is_an_error_and_counted(
    client: httpx.Client, route: str, model: str, output: str
) -> None:
    before = counted(client, model)
    answer = client.post(route, json={"model": model, "instances": [GOOD, ZEROS]})
    check(answer, model, output, "instances[1]")
    assert counted(client, model) == before + 1
    assert client.post(route, json={"model": model, "instances": [GOOD]}).status_code == 200


@fault("nan-output")
@pytest.mark.parametrize(("model", "output"), [("quotients", "y"), ("shares", "halves")])
@pytest.mark.parametrize("binary", [False, True], ids=["JSON", "binary"])
def test_the_protocol_refuses_it_too(
    client: httpx.Client, binary: bool, model: str, output: str
) -> None:
    before = counted(client, model)
    check(infer(client, model, 3, binary=binary), model, output, "rows[0]")
    assert counted(client, model) == before + 3
    assert infer(client, "sums", binary=binary).status_code == 200


@fault("nan-output")
def test_an_infinite_answer_is_refused_and_counted_as_a_failure(client: httpx.Client) -> None:
    path = "/v2/models/quotients/stats"
    before = client.get(path).json()["model_stats"][0]["inference_stats"]["fail"]["count"]
    answer = client.post("/predict", json={"model": "quotients", "instances": [POLE]})
    check(answer, "quotients", "y", "instances[0]")
    after = client.get(path).json()["model_stats"][0]["inference_stats"]["fail"]["count"]
    assert after == before + 1


@fault("nan-output")
def test_a_comparison_skips_the_model_and_has_the_others(client: httpx.Client) -> None:
    document = client.post("/compare", json={"instances": [GOOD, ZEROS]}).json()
    assert [(m["model"], m["predictions"]) for m in document["models"]] == [
        ("sums", [{"value": 3.0}, {"value": 0.0}])
    ]
    reasons = {one["model"]: one["reason"] for one in document["skipped"]}
    assert set(reasons) == {"quotients", "shares", "gaps"}
    assert "gave no finite number as value (output 'y') for instances[1]" in reasons["quotients"]


@fault("nan-output")
def test_a_row_with_a_missing_value_is_a_client_error(client: httpx.Client) -> None:
    before = counted(client, "quotients")
    answer = client.post("/predict", json={"model": "quotients", "instances": [{"p": 1}]})
    missing = client.post(
        "/predict", json={"model": "quotients", "instances": [{"p": 1, "q": None}]}
    )
    assert answer.status_code == 422
    assert missing.status_code == 422
    assert "has no rule for a missing value; send another value" in missing.json()["error"]
    assert missing.json()["detail"][0]["loc"] == ["instances", 0]
    assert counted(client, "quotients") == before


@fault("nan-output")
@pytest.mark.parametrize("method", ["shapley", "occlusion"])
def test_an_explanation_that_meets_such_an_answer_is_refused(
    client: httpx.Client, method: str
) -> None:
    """The row has an answer, but not where one of its columns is as in a golden sample."""
    body = {"model": "gaps", "instances": [{"p": 2, "q": 5}]}
    assert client.post("/predict", json=body).status_code == 200
    answer = client.post("/explain", json={**body, "method": method})
    assert answer.status_code == 422
    assert "the model's answer is not a finite number; ask for another" in answer.json()["error"]
