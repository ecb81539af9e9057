"""Drift of a real server with two workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.drift.models import instances, loans_model, pictures, pictures_model, rows
from tests.server import Server, serve


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("models")
    for name in ("quiet", "aged", "travelled", "gaps"):
        loans_model(root, name)
    pictures_model(root)
    with serve(
        ROSENBLATT_MODELS_DIR=str(root),
        ROSENBLATT_DEFAULT_MODEL="quiet",
        ROSENBLATT_WORKERS="2",
        ROSENBLATT_DRIFT_ROWS_PER_SECOND="100000",
    ) as running:
        yield running


def send(server: Server, model: str, found: list[Any], each: int = 25) -> None:
    """Rows in several requests, each over a connection of its own, so that both workers answer."""
    for i in range(0, len(found), each):
        with server.client() as client:
            body = {"model": model, "instances": found[i : i + each]}
            assert client.post("/predict", json=body).status_code == 200


def drift(server: Server, model: str, enough: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The document, once it is as expected: workers count a moment later."""
    deadline = time.monotonic() + 20
    while True:
        with server.client() as client:
            found: dict[str, Any] = client.get(f"/models/{model}/drift").json()
        if enough(found) or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def has_rows(n: int) -> Callable[[dict[str, Any]], bool]:
    return lambda found: bool(found["recent"]["rows"] >= n)


def drifting(found: dict[str, Any]) -> set[str]:
    fields = [*found["recent"]["inputs"], *found["recent"]["answers"]]
    return {field["name"] for field in fields if field["status"] == "drifting"}


def test_traffic_like_training_is_ok(server: Server) -> None:
    send(server, "quiet", instances(rows(500, seed=1)))
    found = drift(server, "quiet", has_rows(500))
    assert found["recent"]["rows"] == 500
    assert (found["status"], drifting(found), found["reasons"]) == ("ok", set(), [])


@pytest.mark.parametrize(
    ("model", "shift", "names"),
    [
        ("aged", {"age": 15.0}, {"age", "label", "confidence"}),
        ("travelled", {"unseen": 0.15}, {"town"}),
        ("gaps", {"missing": 0.3}, {"income"}),
    ],
)
def test_shifted_traffic_drifts_by_name(
    server: Server, model: str, shift: dict[str, float], names: set[str]
) -> None:
    send(server, model, instances(rows(500, seed=1, **shift)))
    found = drift(server, model, has_rows(500))
    assert found["status"] == "drifting"
    assert min(names) in drifting(found)
    assert drifting(found) <= names


def test_dark_on_light_pictures_drift(server: Server) -> None:
    send(server, "strokes", (255 - pictures(150, seed=1)).tolist())
    found = drift(server, "strokes", has_rows(150))
    assert {"images", "images.border_mean"} <= drifting(found)
    unlike, border, *_ = found["recent"]["inputs"]
    assert unlike["unlike"]["share"] == 1
    assert border["mean"] == 255
    assert "100.0% of images are unlike training's in brightness" in found["reasons"][0]


def test_metrics_of_both_workers_tell_it(server: Server) -> None:
    drift(server, "aged", has_rows(1))  # served by this test's own traffic if run alone
    send(server, "aged", instances(rows(300, seed=3, age=15.0)))
    drift(server, "aged", has_rows(300))
    label = 'rosenblatt_drifting{input="age",model="aged",version="1"}'
    deadline = time.monotonic() + 20
    with server.client() as client:
        while f"{label} 1.0" not in client.get("/metrics").text and time.monotonic() < deadline:
            time.sleep(0.1)
        text = client.get("/metrics").text
    assert f"{label} 1.0" in text
    assert "# HELP rosenblatt_drift_rows_total Rows looked at for drift." in text
    assert 'rosenblatt_drift_rows_total{model="aged",version="1"}' in text


def test_counts_survive_a_killed_worker(server: Server) -> None:
    send(server, "quiet", instances(rows(200, seed=5)))
    before = drift(server, "quiet", has_rows(200))["since_start"]["rows"]
    time.sleep(0.3)  # what is counted within a tenth of a second would be lost
    before = drift(server, "quiet", has_rows(before))["since_start"]["rows"]
    for worker in server.workers():
        worker.kill()
        worker.wait(10)
    deadline = time.monotonic() + 30
    found = -1
    while found < before and time.monotonic() < deadline:
        try:
            with server.client() as client:
                found = client.get("/models/quiet/drift").json()["since_start"]["rows"]
        except Exception:  # until a worker serves again
            time.sleep(0.1)
    assert found == before


def test_a_burst_is_sampled(tmp_path: Path) -> None:
    pictures_model(tmp_path)
    with serve(
        ROSENBLATT_MODELS_DIR=str(tmp_path),
        ROSENBLATT_DEFAULT_MODEL="strokes",
        ROSENBLATT_DRIFT_ROWS_PER_SECOND="50",
    ) as server:
        started = time.monotonic()
        batch = np.zeros((500, 28, 28), np.uint8).tolist()
        for _ in range(5):
            send(server, "strokes", batch, each=500)
        seconds = time.monotonic() - started
        found = drift(server, "strokes", has_rows(1))
    assert 1 <= found["recent"]["rows"] <= 50 * seconds + 10
