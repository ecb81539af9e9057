"""One served version: requests are counted and timed, and rows are judged worth watching."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from contract.batch import Batch
from service.errors import BusyError
from service.inference.policy import BatchingPolicy
from service.serving.served import WATCHED_SECONDS, Served
from service.settings import Settings
from tests.serving.gated import Gated
from tests.serving.loading import POLICY, serve

ONE = Batch({"images": np.zeros((1, 28, 28), np.uint8)})
TWO = Batch.join([ONE, ONE])
# Every batch goes to the thread, and no more rows may wait than one.
THREAD = BatchingPolicy(8, 0, 1, 5, row_seconds=1e-4)


def counts(served: Served) -> tuple[int, int]:
    """Requests that were answered, and that were not."""
    found = served.statistics.document()["inference_stats"]
    return found["success"]["count"], found["fail"]["count"]


def test_an_answered_request_is_a_success_that_took_its_time() -> None:
    model = Gated()
    served = serve(model, Settings(), policy=THREAD)
    before = time.time() * 1000

    async def talk() -> None:
        asked = asyncio.ensure_future(served.infer(ONE))
        assert await asyncio.to_thread(model.begun.wait, 5)
        begun = time.perf_counter_ns()
        assert counts(served) == (0, 0)
        open_at = time.perf_counter_ns()
        model.gate.set()
        assert await asked is ONE
        found = served.statistics.document()
        assert found["inference_stats"]["success"]["ns"] >= open_at - begun
        assert before - 1 <= found["last_inference"] <= time.time() * 1000

    asyncio.run(talk())
    assert counts(served) == (1, 0)


def test_what_is_refused_fails_or_is_cancelled_is_a_failure() -> None:
    model = Gated()
    served = serve(model, Settings(), policy=THREAD)

    async def talk() -> None:
        first = asyncio.ensure_future(served.infer(ONE))
        assert await asyncio.to_thread(model.begun.wait, 5)
        waits = asyncio.ensure_future(served.infer(ONE))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await served.infer(TWO)
        assert counts(served) == (0, 1)
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        assert counts(served) == (0, 2)
        model.gate.set()
        await first

    asyncio.run(talk())
    assert counts(served) == (1, 2)


def test_rows_that_take_long_are_worth_watching() -> None:
    served = serve(Gated(), Settings())
    few = int(WATCHED_SECONDS / POLICY.row_seconds)
    assert not served.worth_watching(few - 1)
    assert served.worth_watching(few + 1)


class Notes:
    """A watcher that notes what it is told."""

    def __init__(self) -> None:
        self.answers: list[tuple[Batch, Batch, float]] = []
        self.errors: list[BaseException] = []

    def answered(self, batch: Batch, outputs: Batch, seconds: float) -> None:
        self.answers.append((batch, outputs, seconds))

    def failed(self, batch: Batch, error: BaseException, seconds: float) -> None:
        assert len(batch) in (1, 2)
        assert seconds >= 0
        self.errors.append(error)


def test_a_watcher_learns_of_answers_and_failures() -> None:
    model = Gated()
    served = serve(model, Settings(), policy=THREAD)
    notes = Notes()
    served.watch(notes)

    async def talk() -> None:
        first = asyncio.ensure_future(served.infer(ONE))
        assert await asyncio.to_thread(model.begun.wait, 5)
        waits = asyncio.ensure_future(served.infer(ONE))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await served.infer(TWO)
        waits.cancel()
        model.gate.set()
        await asyncio.gather(first, waits, return_exceptions=True)

    asyncio.run(talk())
    ((batch, outputs, seconds),) = notes.answers
    assert batch is ONE
    assert outputs is ONE
    assert seconds > 0
    assert [type(error) for error in notes.errors] == [BusyError, asyncio.CancelledError]
