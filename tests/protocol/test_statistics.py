"""Statistics: what the batcher and the requests did."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from service.inference.repository import Models

from service.errors import BusyError, NotFoundError
from service.inference.session import Answer, Session
from service.protocol.statistics import LARGEST, Statistics

ONE = np.zeros((1, 28, 28), np.uint8)


class Told:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        self.calls.append((rows, waited, seconds))

    def refused(self, reason: str, rows: int) -> None:
        self.calls.append((reason, rows))


def read(statistics: Statistics, *model: str) -> list[Any]:
    """As a client reads them."""
    document = orjson.loads(orjson.dumps(statistics.document(*model)))
    assert set(document) == {"model_stats"}
    found: list[Any] = document["model_stats"]
    return found


def test_runs_are_counted_and_told_on(models: Models) -> None:
    told = Told()
    statistics = Statistics(models, lambda _: told)
    one = statistics.of(models.get("alpha"))
    one.batch(3, [0.5, 0.25], 0.125)
    one.batch(3, [0.0], 0.125)
    one.batch(1, [0.0], 0.5)
    one.refused("full", 7)
    assert told.calls == [(3, [0.5, 0.25], 0.125), (3, [0.0], 0.125), (1, [0.0], 0.5), ("full", 7)]
    (found,) = read(statistics, "alpha")
    assert (found["name"], found["version"]) == ("alpha", "1")
    assert (found["inference_count"], found["execution_count"]) == (7, 3)
    assert found["inference_stats"]["queue"] == {"count": 4, "ns": 750_000_000}
    assert found["inference_stats"]["compute_infer"] == {"count": 3, "ns": 750_000_000}
    assert [(b["batch_size"], b["compute_infer"]) for b in found["batch_stats"]] == [
        (1, {"count": 1, "ns": 500_000_000}),
        (3, {"count": 2, "ns": 250_000_000}),
    ]


async def slow(session: Session, images: np.ndarray) -> Answer:
    await asyncio.sleep(0.01)
    return session.predict(images)


async def full(session: Session, images: np.ndarray) -> Answer:
    raise BusyError("full")


def test_requests_are_timed(models: Models) -> None:
    statistics = Statistics(models, lambda _: Told())
    before = time.time() * 1000
    session = models.get("beta", "2")

    async def leave() -> None:
        await asyncio.wait_for(statistics.timed(slow)(session, ONE), 0.001)

    answer = asyncio.run(statistics.timed(slow)(session, ONE))
    assert answer.label == session.predict(ONE).label
    with pytest.raises(BusyError):
        asyncio.run(statistics.timed(full)(session, ONE))
    with pytest.raises(TimeoutError):
        asyncio.run(leave())
    (found,) = read(statistics, "beta", "2")
    success, fail = found["inference_stats"]["success"], found["inference_stats"]["fail"]
    assert (success["count"], fail["count"]) == (1, 2)
    assert success["ns"] >= 10_000_000
    assert before - 1 <= found["last_inference"] <= time.time() * 1000


def test_which_models(models: Models) -> None:
    statistics = Statistics(models, lambda _: Told())

    def names(*model: str) -> list[tuple[str, str]]:
        return [(found["name"], found["version"]) for found in read(statistics, *model)]

    assert sorted(names()) == [("alpha", "1"), ("beta", "10"), ("beta", "2")]
    assert names("beta") == [("beta", "2"), ("beta", "10")]
    assert names("beta", "10") == [("beta", "10")]
    with pytest.raises(NotFoundError, match='model "gamma" is unknown'):
        statistics.document("gamma")
    with pytest.raises(NotFoundError, match='no version "3"'):
        statistics.document("beta", "3")


def test_whichever_worker_answers_has_added_up_all(models: Models, tmp_path: Path) -> None:
    workers = [Statistics(models, lambda _: Told(), tmp_path, pid) for pid in ("101", "102")]
    session = models.get("beta", "2")
    before = time.time() * 1000
    for worker, runs in zip(workers, ([3, 1, 1], [3, LARGEST]), strict=True):
        for rows in runs:
            worker.of(session).batch(rows, [0.5], 0.25)
        asyncio.run(worker.timed(slow)(session, ONE))
    first, second = (read(worker, "beta") for worker in workers)
    assert first == second
    older, newer = first
    assert newer["inference_count"] == 0
    assert (older["inference_count"], older["execution_count"]) == (8 + LARGEST, 5)
    assert older["inference_stats"]["success"]["count"] == 2
    assert older["inference_stats"]["queue"] == {"count": 5, "ns": 2_500_000_000}
    assert [(b["batch_size"], b["compute_infer"]["count"]) for b in older["batch_stats"]] == [
        (1, 2),
        (3, 2),
        (LARGEST, 1),
    ]
    assert before <= older["last_inference"] + 1 <= time.time() * 1000 + 1


def test_a_run_larger_than_the_table_is_counted_beside_it(models: Models) -> None:
    statistics = Statistics(models, lambda _: Told())
    statistics.of(models.get("alpha")).batch(LARGEST + 1, [0.0], 0.5)
    (found,) = read(statistics, "alpha")
    assert (found["inference_count"], found["execution_count"]) == (LARGEST + 1, 1)
    assert found["batch_stats"] == []
