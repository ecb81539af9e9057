"""Two workers behind one port: whichever answers, the counts are those of both."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from contract.repository import audit, entries
from tests.conftest import MODELS
from tests.server import Server, serve

MODEL = "digits-perceptron"
IMAGES = audit(entries(MODELS)[0]).golden.inputs["images"]


@pytest.fixture(scope="module")
def pair() -> Iterator[Server]:
    with serve(ROSENBLATT_WORKERS="2") as server:
        yield server


def get(server: Server, path: str) -> httpx.Response:
    """On a new connection, which either worker may take."""
    return httpx.get(f"{server.url}{path}", timeout=30)


def counted(server: Server) -> dict[str, int]:
    """Rows by worker, as each has written them down."""
    folder = server.counts() / MODEL / "1"
    return {path.name: int(np.fromfile(path, np.int64)[1]) for path in folder.iterdir()}


def ask(server: Server, n: int) -> None:
    """Requests of three rows, each on a connection of its own, eight at a time."""
    body: dict[str, Any] = {"model": MODEL, "instances": IMAGES[:3].tolist()}

    def one(_: int) -> int:
        return httpx.post(f"{server.url}/predict", json=body, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(n))) == {200}


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def statistics(server: Server) -> list[dict[str, Any]]:
    """The model's, asked for on several connections."""
    found = [get(server, f"/v2/models/{MODEL}/stats").json() for _ in range(12)]
    return [one for document in found for one in document["model_stats"]]


def metric(server: Server, name: str, **labels: str) -> float:
    """The sum over all other labels."""
    lines = re.findall(
        rf"^{name}(?:\{{(.*)\}})? (\S+)$", get(server, "/metrics").text, re.MULTILINE
    )
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(float(value) for found, value in lines if all(one in found for one in wanted))


def test_no_worker_answers_before_it_is_ready(pair: Server) -> None:
    """One answers first, and the other may still load."""
    for _ in range(30):
        assert get(pair, "/readyz").json()["state"] == "ready"
        assert get(pair, "/models").status_code == 200


def test_statistics_and_metrics_are_those_of_both(pair: Server) -> None:
    until(lambda: len(counted(pair)) == 2)
    asked = 0
    while not asked or (min(counted(pair).values()) == 0 and asked < 2000):
        ask(pair, 40)
        asked += 40
    assert all(counted(pair).values()), "one worker took every connection"
    first, *others = statistics(pair)
    assert all(other == first for other in others)
    assert first["inference_count"] == 3 * asked
    assert first["inference_stats"]["success"]["count"] == asked
    assert first["inference_stats"]["queue"]["count"] == asked
    assert sum(b["batch_size"] * b["compute_infer"]["count"] for b in first["batch_stats"]) == (
        3 * asked
    )
    assert abs(first["last_inference"] - 1000 * time.time()) < 60_000
    runs = first["execution_count"]
    # A worker writes its observations a moment later.
    until(lambda: metric(pair, "rosenblatt_http_seconds_count", route="/predict") == asked)
    assert metric(pair, "rosenblatt_predictions_total", model=MODEL) == 3 * asked
    assert metric(pair, "rosenblatt_queue_seconds_count", model=MODEL) == asked
    assert metric(pair, "rosenblatt_batch_rows_count", model=MODEL) == runs
    assert metric(pair, "rosenblatt_batch_rows_sum", model=MODEL) == 3 * asked
    assert metric(pair, "rosenblatt_compute_seconds_count", model=MODEL) == runs
    assert metric(pair, "rosenblatt_http_seconds_count", route="/predict", status="200") == asked
    assert metric(pair, "rosenblatt_model_ready", model=MODEL) == 1


def test_what_a_killed_worker_counted_stays(pair: Server) -> None:
    ask(pair, 20)
    (before, *_) = statistics(pair)
    counted = partial(metric, pair, "rosenblatt_predictions_total", model=MODEL)
    until(lambda: counted() == before["inference_count"])  # written a moment later
    deaths = metric(pair, "rosenblatt_worker_deaths")
    killed, survivor = pair.workers()
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(10)
    until(lambda: len(pair.workers()) == 2)
    ask(pair, 20)
    assert {worker.pid for worker in pair.workers()} > {survivor.pid}
    for after in statistics(pair):
        assert after["inference_count"] == before["inference_count"] + 60
    until(lambda: counted() == before["inference_count"] + 60)
    until(lambda: metric(pair, "rosenblatt_worker_deaths") == deaths + 1)  # its successor tells


@pytest.mark.thorough
@pytest.mark.parametrize("target", [None, "service.app:Rosenblatt"], ids=["ours", "BentoML's"])
def test_a_server_that_starts_anew_counts_from_nothing(target: str | None, tmp_path: Path) -> None:
    """In the same home."""
    for _ in range(2):
        with serve(target, BENTOML_HOME=str(tmp_path), TMPDIR=str(tmp_path)) as server:
            ask(server, 2)
            assert [one["inference_count"] for one in statistics(server)] == [6] * 12
