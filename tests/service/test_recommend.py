"""The guide's routes over tiny models, in process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.settings import Settings
from tests.faults import fault
from tests.profiler.bombs import BOMBS, SLOW
from tests.profiler.files import csv
from tests.service.client import Client

TABLE = csv("age,income,approved", *(f"{20 + i % 40},{i * 13 % 97}.5,{i % 2}" for i in range(80)))


@pytest.fixture
def client(repository: Path) -> Client:
    return Client(Settings(models_dir=repository, default_model="beta"))


def test_a_decision(client: Client) -> None:
    document = client.request("POST", "/recommend?detail=full", {"modalities": ["image"]}).json()
    assert document["verdict"] == "deep_learning"
    # The tiny models are perceptrons on no data of the guide's: no figure to set beside.
    assert [(m["models"], m["guide"]) for m in document["measured"]] == [
        (["alpha"], None),
        (["beta"], None),
    ]
    assert {c["served_model"] for c in document["candidates"]} == {None}


@pytest.mark.parametrize(
    "path", ["", "/rules", "/rules/R1", "/comparison", "/architectures", "/evidence"]
)
def test_the_guide(client: Client, path: str) -> None:
    answer = client.request("GET", f"/guide{path}")
    assert answer.status_code == 200
    assert answer.json()


def test_an_unknown_rule(client: Client) -> None:
    assert client.request("GET", "/guide/rules/R9").status_code == 404


def ask(client: Client, file: bytes, **fields: str) -> Any:
    return client.request("POST", "/recommend/profile", files={"file": file}, data=fields)


def test_a_file(client: Client) -> None:
    document = ask(client, TABLE, target="approved", facts='{"budget": "tight"}').json()
    assert document["facts"]["n_rows"]["provenance"] == "profiled"
    assert document["facts"]["budget"] == {"value": "tight", "provenance": "declared"}
    assert document["recommendation"]["strategy"] == "regularised_classical"


@pytest.mark.parametrize(
    ("fields", "status", "loc"),
    [
        ({"facts": "["}, 400, None),
        ({"facts": '{"n_rows": -1}'}, 422, ["facts", "n_rows"]),
        ({"target": "none"}, 422, ["target"]),
        ({"unknown": "x"}, 422, ["unknown"]),
    ],
)
def test_bad_fields(client: Client, fields: dict[str, str], status: int, loc: Any) -> None:
    answer = ask(client, TABLE, **fields)
    assert answer.status_code == status
    assert answer.json().get("detail", [{"loc": None}])[0]["loc"] == loc
    # An error frees its place in the queue.
    assert [ask(client, TABLE).status_code for _ in range(6)] == [200] * 6


@pytest.mark.parametrize(
    ("changes", "file", "status", "message"),
    [
        ({"profile_timeout_seconds": 0.01}, SLOW["texts"], 504, "more than 0.01 s to read, which"),
        ({"profile_memory_mb": 128}, BOMBS["canvas"], 413, "more than 128 MiB of memory to read"),
        ({"profile_memory_mb": 128}, BOMBS["runs"], 413, "more than 128 MiB of memory to read"),
    ],
)
@fault("late-profile")
def test_a_file_that_harms_its_reader(
    repository: Path, changes: Any, file: Callable[[], bytes], status: int, message: str
) -> None:
    client = Client(Settings(models_dir=repository, default_model="beta", **changes))
    answer = ask(client, file())
    assert (answer.status_code, set(answer.json())) == (status, {"error"})
    assert message in answer.json()["error"]
    assert client.request("POST", "/recommend", {"modalities": ["image"]}).status_code == 200


FORM = "multipart/form-data; boundary=b"
PART = b'--b\r\ncontent-disposition: form-data; name="file"'
FILE = PART + b'; filename="f"\r\n\r\nx\r\n'


@pytest.mark.parametrize(
    ("content", "content_type", "status", "message"),
    [
        (b"{}", "application/json", 415, "send multipart/form-data"),
        (b"", "multipart/form-data", 400, "with its boundary"),
        (b"", "multipart/form-data; boundary=", 422, "file is missing"),
        (b"", FORM, 422, "file is missing"),
        (b"garbage", FORM, 400, "the form cannot be read"),
        (b"--b\r\n\r\nx\r\n--b--\r\n", FORM, 400, "the form cannot be read"),
        (PART + b"\r\n\r\ntext\r\n--b--\r\n", FORM, 422, "file is text"),
        (FILE * 2 + b"--b--\r\n", FORM, 400, "file is given twice"),
        (FILE * 9 + b"--b--\r\n", FORM, 400, "the form cannot be read"),
        (FILE + FILE.replace(b"file", b"target", 1) + b"--b--\r\n", FORM, 422, "sent as a file"),
        (FILE + PART, FORM, 400, "ends before its closing boundary"),
        (PART + b"\r\n\r\n" + b"a" * 70_000 + b"\r\n--b--\r\n", FORM, 400, "maximum size"),
    ],
)
def test_bad_forms(
    client: Client, content: bytes, content_type: str, status: int, message: str
) -> None:
    answer = client.request(
        "POST", "/recommend/profile", content=content, headers={"content-type": content_type}
    )
    assert (answer.status_code, message in answer.json()["error"]) == (status, True), answer.text
