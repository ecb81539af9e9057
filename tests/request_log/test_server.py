"""The log of requests of a real server."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from scipy import stats

from contract.batch import Batch
from contract.tensors import Input, Output
from tests import graphs
from tests.drift.models import instances, pictures, rows
from tests.faults import fault
from tests.repositories import table_model, tiny_model, write_model
from tests.server import Server, serve


def notes_model(root: Path, name: str = "notes") -> Path:
    """A model of a free text, which it returns."""
    text = Input(name="note", datatype="BYTES", shape=(-1,), content="text", columns=("note",))
    same = Output(name="same", datatype="BYTES", shape=(-1,), role="other")
    node = onnx.helper.make_node("Identity", ["note"], ["same"])
    graph = graphs.graph_of([node], [text], [same])
    samples = Batch({"note": np.array(["a", "b", "c"], object)})
    return write_model(
        root, name, graph, (text,), (same,), samples, title="Notes", task="other", labels=()
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    table_model(folder)
    tiny_model(folder, "tiny")
    notes_model(folder)
    return folder


def settings(root: Path, folder: Path, **more: str) -> dict[str, Any]:
    return {
        "ROSENBLATT_MODELS_DIR": str(root),
        "ROSENBLATT_DEFAULT_MODEL": "loans",
        "ROSENBLATT_REQUEST_LOG_DIR": str(folder),
        "ROSENBLATT_REQUEST_LOG_SHARE": "1",
        **more,
    }


def predict(server: Server, model: str, found: list[Any]) -> list[Any]:
    with server.client() as client:
        answer = client.post("/predict", json={"model": model, "instances": found})
    assert answer.status_code == 200, answer.text
    predictions: list[Any] = answer.json()["predictions"]
    return predictions


def lines(folder: Path, n: int) -> list[dict[str, Any]]:
    """The lines, once there are so many."""
    deadline = time.monotonic() + 20
    while True:
        found = [
            json.loads(line)
            for path in sorted(folder.iterdir())
            for line in path.read_text().splitlines()
        ]
        if len(found) >= n or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_a_line_is_the_request_and_its_answer(root: Path, tmp_path: Path) -> None:
    sent = instances(rows(20, seed=1))
    with serve(**settings(root, tmp_path)) as server:
        answered = predict(server, "loans", sent)
        (line,) = lines(tmp_path, 1)
        again = predict(server, "loans", line["instances"])
    assert (line["model"], line["version"], line["rows"]) == ("loans", "1", 20)
    assert line["milliseconds"] > 0
    assert "omitted" not in line
    for logged, row in zip(line["instances"], sent[:16], strict=True):
        assert logged["town"] == row["town"]
        numbers = [[one["age"], one["income"] or 0.0] for one in (logged, row)]
        np.testing.assert_array_equal(*np.array(numbers, np.float32))
    assert line["predictions"] == answered[:16]
    assert again == answered[:16]


@fault("secrets")
def test_pictures_and_texts_are_left_out(root: Path, tmp_path: Path) -> None:
    with serve(**settings(root, tmp_path)) as server:
        predict(server, "tiny", pictures(2, seed=1).tolist())
        predict(server, "notes", [{"note": "my secret"}])
        image, note = lines(tmp_path, 2)
    assert "instances" not in image
    assert image["omitted"] == ["images"]
    assert [set(one) for one in image["predictions"]] == [{"label", "probabilities"}] * 2
    assert "instances" not in note
    assert note["omitted"] == ["note"]


def test_pictures_and_texts_are_logged_where_asked(root: Path, tmp_path: Path) -> None:
    asked = {"ROSENBLATT_REQUEST_LOG_PICTURES": "true", "ROSENBLATT_REQUEST_LOG_TEXTS": "true"}
    with serve(**settings(root, tmp_path, **asked)) as server:
        answered = predict(server, "tiny", pictures(2, seed=1).tolist())
        predict(server, "notes", [{"note": "nothing secret"}])
        image, note = lines(tmp_path, 2)
        assert predict(server, "tiny", image["instances"]) == answered
    assert base64.b64decode(image["instances"][0])[:4] == b"\x89PNG"
    assert note["instances"] == [{"note": "nothing secret"}]


@pytest.mark.thorough
def test_the_share_is_kept_over_two_workers(root: Path, tmp_path: Path) -> None:
    """Of 600 requests a tenth, within what chance allows once in a million times."""
    low, high = (float(stats.binom.ppf(p, 600, 0.1)) for p in (5e-7, 1 - 5e-7))
    share = {"ROSENBLATT_REQUEST_LOG_SHARE": "0.1", "ROSENBLATT_WORKERS": "2"}
    with serve(**settings(root, tmp_path, **share)) as server:
        row = instances(rows(1, seed=1))
        for _ in range(20):
            with server.client() as client:
                for _ in range(30):
                    client.post("/predict", json={"model": "loans", "instances": row})
        time.sleep(1)
        found = lines(tmp_path, math.floor(low))
        with server.client() as client:
            text = client.get("/metrics").text
    assert low <= len(found) <= high
    assert f'rosenblatt_logged_requests_total{{outcome="written"}} {len(found)}.0' in text


def test_without_a_folder_nothing_is_written(root: Path, tmp_path: Path) -> None:
    unset = {k: v for k, v in settings(root, tmp_path).items() if not k.endswith("LOG_DIR")}
    with serve(**unset) as server:
        predict(server, "loans", instances(rows(1, seed=1)))
    assert list(tmp_path.iterdir()) == []


@fault("no-resources")
def test_a_folder_that_cannot_be_written_ends_the_start_in_one_line(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RuntimeError, match="ended at start") as error,
        serve(**settings(root, tmp_path / "file" / "log")),
    ):
        pass
    said = [line for line in str(error.value).splitlines() if "REQUEST_LOG_DIR" in line]
    assert len(said) == 1
    assert "name a folder that can be written, or unset it" in said[0]


def failing(said: Callable[[], str]) -> bool:
    deadline = time.monotonic() + 20
    while "cannot be written" not in said() and time.monotonic() < deadline:
        time.sleep(0.05)
    return "cannot be written" in said()


@pytest.mark.thorough
@fault("no-resources")
def test_a_full_disk_fails_no_request(root: Path, tmp_path: Path) -> None:
    """No file may grow beyond 1 MiB, and one of the log may have 2."""
    many = {
        "ROSENBLATT_REQUEST_LOG_MAX_BYTES": str(64 * 2**20),
        "ROSENBLATT_REQUEST_LOG_PICTURES": "true",
        "ROSENBLATT_DRIFT": "false",
    }
    noise = np.random.default_rng(0).integers(0, 256, (16, 28, 28), np.uint8).tolist()
    full = ("prlimit", f"--fsize={2**20}")
    with serve(prefix=full, **settings(root, tmp_path, **many)) as server:
        for _ in range(80):
            assert len(predict(server, "tiny", noise)) == 16
        assert failing(server.log.read_text)
        assert server.log.read_text().count("the log of requests in") == 1
    for path in tmp_path.iterdir():
        assert path.stat().st_size <= 2**20
        assert path.read_bytes().endswith(b"\n")  # no line was cut
