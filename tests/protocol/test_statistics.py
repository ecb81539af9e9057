"""Statistics: what the batcher and the requests of one version did."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson

from service.protocol.statistics import LARGEST, ModelStatistics
from service.serving.repository import Models
from tests.serving.loading import Told, statistics_of


def read(statistics: ModelStatistics) -> Any:
    """As a client reads them."""
    return orjson.loads(orjson.dumps(statistics.document()))


def test_runs_are_counted_and_told_on(models: Models) -> None:
    told = Told()
    one = statistics_of(models.get("alpha").session, told)
    one.batch(3, [0.5, 0.25], 0.125)
    one.batch(3, [0.0], 0.125)
    one.batch(1, [0.0], 0.5)
    one.refused("full", 7)
    assert told.calls == [(3, [0.5, 0.25], 0.125), (3, [0.0], 0.125), (1, [0.0], 0.5), ("full", 7)]
    found = read(one)
    assert (found["name"], found["version"]) == ("alpha", "1")
    assert (found["inference_count"], found["execution_count"]) == (7, 3)
    assert found["inference_stats"]["queue"] == {"count": 4, "ns": 750_000_000}
    assert found["inference_stats"]["compute_infer"] == {"count": 3, "ns": 750_000_000}
    assert [(b["batch_size"], b["compute_infer"]) for b in found["batch_stats"]] == [
        (1, {"count": 1, "ns": 500_000_000}),
        (3, {"count": 2, "ns": 250_000_000}),
    ]


def test_requests_are_counted_and_timed(models: Models) -> None:
    one = statistics_of(models.get("beta", "2").session)
    before = time.time() * 1000
    for _ in range(3):
        one.started()
    one.succeeded(10_000_000)
    one.failed(3)
    one.failed(4)
    found = read(one)
    assert found["inference_stats"]["success"] == {"count": 1, "ns": 10_000_000}
    assert found["inference_stats"]["fail"] == {"count": 2, "ns": 7}
    assert before - 1 <= found["last_inference"] <= time.time() * 1000


def test_whichever_worker_answers_has_added_up_all(models: Models, tmp_path: Path) -> None:
    session = models.get("beta", "2").session
    workers = [statistics_of(session, folder=tmp_path, worker=pid) for pid in ("101", "102")]
    before = time.time() * 1000
    for worker, runs in zip(workers, ([3, 1, 1], [3, LARGEST]), strict=True):
        for rows in runs:
            worker.batch(rows, [0.5], 0.25)
        worker.started()
        worker.succeeded(1)
    first, second = (read(worker) for worker in workers)
    assert first == second
    assert (first["inference_count"], first["execution_count"]) == (8 + LARGEST, 5)
    assert first["inference_stats"]["success"]["count"] == 2
    assert first["inference_stats"]["queue"] == {"count": 5, "ns": 2_500_000_000}
    assert [(b["batch_size"], b["compute_infer"]["count"]) for b in first["batch_stats"]] == [
        (1, 2),
        (3, 2),
        (LARGEST, 1),
    ]
    assert before <= first["last_inference"] + 1 <= time.time() * 1000 + 1
    other = statistics_of(models.get("beta", "10").session, folder=tmp_path, worker="101")
    assert read(other)["inference_count"] == 0


def test_a_run_larger_than_the_table_is_counted_beside_it(models: Models) -> None:
    one = statistics_of(models.get("alpha").session)
    one.batch(LARGEST + 1, [0.0], 0.5)
    found = read(one)
    assert (found["inference_count"], found["execution_count"]) == (LARGEST + 1, 1)
    assert found["batch_stats"] == []
