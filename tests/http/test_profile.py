"""`/recommend/profile` on a real server."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer

from tests.profiler.bombs import BOMBS
from tests.profiler.files import image, images, parquet, zipped
from tests.server import Server, serve


def cancer() -> pl.DataFrame:
    """569 tumours, 30 measurements, and whether each is benign."""
    data = load_breast_cancer()
    columns = dict(zip(data.feature_names, data.data.T, strict=True))
    return pl.DataFrame({**columns, "target": data.target})


def csv() -> bytes:
    return cancer().write_csv().encode()


def scans() -> bytes:
    return images(*(f"scans/{('ill', 'well')[i % 3 == 0]}/{i}.png" for i in range(12)))


def ask(client: httpx.Client, file: bytes, **fields: str) -> httpx.Response:
    return client.post("/recommend/profile", files={"file": ("data", file)}, data=fields)


@pytest.mark.parametrize("file", [csv(), parquet(cancer())], ids=["csv", "parquet"])
def test_a_table(client: httpx.Client, file: bytes) -> None:
    answer = ask(client, file, target="target", facts='{"domain": "medical_diagnosis"}')
    assert answer.status_code == 200, answer.text
    document = answer.json()
    facts = {name: fact["value"] for name, fact in document["facts"].items()}
    assert facts == {
        "domain": "medical_diagnosis",
        "modalities": ["tabular"],
        "n_rows": 569,
        "n_labelled": 569,
        "task": "classification",
        "clean": True,
    }
    assert document["facts"]["domain"]["provenance"] == "declared"
    assert document["facts"]["n_rows"] == {
        "value": 569, "provenance": "profiled", "because": "the file holds 569 rows",
    }  # fmt: skip
    assert document["disagreements"] == []
    assert document["profile"]["smallest_class"] == {"label": "0", "count": 212}
    decision = document["recommendation"]
    assert (decision["verdict"], decision["strategy"]) == ("classical_ml", "regularised_classical")
    assert decision == client.post("/recommend?detail=full", json=facts).json()


def test_images_in_class_folders(client: httpx.Client) -> None:
    document = ask(client, scans()).json()
    facts = {name: fact["value"] for name, fact in document["facts"].items()}
    assert facts == {
        "modalities": ["image"], "n_rows": 12, "n_labelled": 12, "task": "classification",
    }  # fmt: skip
    assert document["profile"]["smallest_class"] == {"label": "well", "count": 4}
    assert document["recommendation"]["strategy"] == "transfer_learning_frozen_backbone"


def test_a_disagreement_is_reported_and_never_overwritten(client: httpx.Client) -> None:
    document = ask(client, csv(), facts='{"n_rows": 600000}').json()
    assert document["facts"]["n_rows"] == {"value": 600_000, "provenance": "declared"}
    (disagreement,) = document["disagreements"]
    assert (disagreement["fact"], disagreement["profiled"]) == ("n_rows", 569)
    assert document["recommendation"]["guide_gap"]


def test_a_table_with_free_text_is_both(client: httpx.Client) -> None:
    rows = "".join(
        f"{20 + i % 30},the {i}th customer wrote a long letter about item {i * 7}\n"
        for i in range(50)
    )
    document = ask(client, b"age,letter\n" + rows.encode()).json()
    assert document["facts"]["modalities"]["value"] == ["tabular", "text"]
    assert document["recommendation"]["verdict"] == "hybrid"


def test_a_date_beside_a_number_is_asked_about(client: httpx.Client) -> None:
    """The task is left out, so the guide says what it would change; stating it settles that."""
    rows = "".join(f"2024-{i // 28 + 1:02}-{i % 28 + 1:02},{i * 1.37:.2f}\n" for i in range(140))
    file = b"day,sales_eur\n" + rows.encode()
    document = ask(client, file, target="sales_eur").json()
    assert "task" not in document["facts"]
    (question,) = document["undecided"]
    assert (question["fact"], question["answers"]) == ("task", ["forecasting", "regression"])
    decision = document["recommendation"]
    assert "nothing left unstated" not in decision["summary"].lower()
    missing = {fact["fact"]: fact for fact in decision["missing_facts"]}
    assert missing["task"]["would_change_verdict"]
    stated = ask(client, file, target="sales_eur", facts='{"task": "forecasting"}').json()
    assert stated["undecided"] == []
    assert stated["recommendation"]["verdict"] == "hybrid"


def test_a_sample_is_scaled(client: httpx.Client) -> None:
    document = ask(client, csv(), target="target", facts='{"n_rows": 56900}').json()
    fact = document["facts"]["n_labelled"]
    assert (fact["value"], fact["provenance"]) == (56_900, "scaled")
    assert "scaled from the 569 rows of the file" in fact["because"]


BAD: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "empty": (b"", {}, 400, "file is empty"),
    "zip bomb": (zipped({"a/b.png": bytes(300 * 2**20)}), {}, 413, "unpack"),
    "path": (images("../../etc/passwd.png"), {}, 422, "leaves its folder"),
    "nested": (zipped({"a/inner.zip": images("x.png")}), {}, 422, "inner.zip"),
    "not UTF-8": ("größe,höhe\n1,2\n".encode("latin-1"), {}, 400, "UTF-8"),
    "a picture": (image(), {}, 415, "PNG"),
    "ragged": (b"a,b\n1,2\n3\n", {}, 400, "line 3"),
    "unknown target": (b"a,b\n1,2\n", {"target": "c"}, 422, '"c"'),
    "unknown fact": (b"a,b\n1,2\n", {"facts": '{"x": 1}'}, 422, 'field "x" is unknown'),
    "bad fact": (b"a,b\n1,2\n", {"facts": '{"n_rows": -1}'}, 422, "n_rows is -1"),
    "facts no JSON": (b"a,b\n1,2\n", {"facts": "n_rows=1"}, 400, "facts is not valid JSON"),
    "facts an array": (b"a,b\n1,2\n", {"facts": "[]"}, 400, "facts is a JSON array"),
    "unknown field": (b"a,b\n1,2\n", {"traget": "b"}, 422, 'field "traget" is unknown'),
    "too large": (b"a" * (129 * 2**20), {}, 413, "the limit is 134479872"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files(client: httpx.Client, case: str) -> None:
    file, fields, status, message = BAD[case]
    answer = ask(client, file, **fields)
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert set(document) <= {"error", "detail"}
    assert message in document["error"]


def test_the_route_takes_forms_alone(client: httpx.Client) -> None:
    answer = client.post("/recommend/profile", json={})
    assert (answer.status_code, answer.json()["error"]) == (
        415,
        'content-type is "application/json"; send multipart/form-data, in UTF-8',
    )
    assert client.get("/recommend/profile").status_code == 405


@pytest.mark.thorough
def test_a_queue_that_is_full_says_so() -> None:
    """More files at once than may wait: each is answered, or told when to come back."""
    slow = ("id,x\n" + "".join(f"{i},{i % 977}.5\n" for i in range(400_000))).encode()
    with serve() as running, running.client() as client, ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask(client, slow), range(12)))
        assert client.get("/readyz").status_code == 200
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {200, 503}
    assert 200 in statuses
    full: list[Any] = [answer for answer in answers if answer.status_code == 503]
    assert full, "twelve at once never met a full queue"
    for answer in full:
        assert answer.headers["retry-after"] == "5"
        assert "try again" in json.loads(answer.text)["error"]


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory need Linux")
def test_the_worker_stays_small(server: Server, client: httpx.Client) -> None:
    """Bombs are refused with 413, and the serving process never loads what reads files."""
    assert ask(client, csv()).status_code == 200
    worker = server.worker()
    before = worker.memory_info().rss
    for bomb in BOMBS.values():
        assert ask(client, bomb()).status_code == 413
    assert worker.memory_info().rss - before < 50e6
    assert not [m.path for m in worker.memory_maps() if "polars" in m.path]
    assert client.get("/readyz").status_code == 200
