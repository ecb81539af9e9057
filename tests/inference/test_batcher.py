"""What the micro-batcher does with requests that it does not answer: full, late, left, closed."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import BusyError, DeadlineError, UnavailableError
from tests.faults import fault
from tests.inference.batching import (
    Echo,
    Log,
    batcher_of,
    labels,
    policy_of,
    rows,
    run,
    turns,
)


@fault("overload")
def test_a_full_queue_says_when_to_come_back(pool: ThreadPoolExecutor) -> None:
    log = Log()

    async def talk() -> None:
        batcher = batcher_of(Echo(), policy_of(batch=8, inline=8, waiting=10, seconds=5), pool, log)
        answers = await asyncio.gather(
            batcher.infer(rows(*range(12))),  # more than the queue, but alone
            batcher.infer(rows(1)),
            return_exceptions=True,
        )
        assert labels(answers[0]) == list(range(12))
        refused = answers[1]
        assert isinstance(refused, BusyError)
        assert (refused.status, refused.headers) == (503, {"retry-after": "1"})
        assert "1 rows do not fit: 12 wait for echo and at most 10 may" in str(refused)
        assert labels(await batcher.infer(rows(1))) == [1]

    run(talk)
    assert log.lost == {"full": 1}


@fault("deadline")
def test_a_request_fails_at_its_deadline_though_a_run_goes_on(pool: ThreadPoolExecutor) -> None:
    model, log = Echo(gate=threading.Event()), Log()

    async def talk() -> None:
        batcher = batcher_of(
            model, policy_of(batch=8, inline=0, waiting=32, seconds=0.2), pool, log
        )
        first = asyncio.ensure_future(batcher.infer(rows(1)))
        await model.has_begun()
        late = asyncio.ensure_future(batcher.infer(rows(2, 3)))
        for request, end in ((first, "send fewer rows"), (late, "they were not run")):
            with pytest.raises(DeadlineError, match=rf"waited more than 0\.2 s for echo; {end}"):
                await request
        assert batcher.rows == 0
        assert model.gate is not None
        model.gate.set()
        assert labels(await batcher.infer(rows(4))) == [4]

    run(talk)
    assert model.sizes == [1, 1]  # the late one was not run
    assert log.lost == {"deadline": 3}


@fault("deadline")
def test_rows_whose_client_has_left_are_not_run(pool: ThreadPoolExecutor) -> None:
    model, log = Echo(gate=threading.Event()), Log()

    async def talk() -> None:
        batcher = batcher_of(model, policy_of(batch=2, inline=0, waiting=9, seconds=5), pool, log)
        first = asyncio.ensure_future(batcher.infer(rows(1)))
        await model.has_begun()
        gone, stays = (asyncio.ensure_future(batcher.infer(rows(i))) for i in (2, 3))
        await turns()  # both are in the next batch, which the thread has already
        assert batcher.rows == 0
        gone.cancel()
        assert model.gate is not None
        model.gate.set()
        assert [labels(await one) for one in (first, stays)] == [[1], [3]]

    run(talk)
    assert model.sizes == [1, 1]


def test_a_client_that_leaves_frees_its_rows(pool: ThreadPoolExecutor) -> None:
    model, log = Echo(gate=threading.Event()), Log()

    async def talk() -> None:
        batcher = batcher_of(model, policy_of(batch=8, inline=0, waiting=32, seconds=5), pool, log)
        first = asyncio.ensure_future(batcher.infer(rows(1)))
        await model.has_begun()
        gone = asyncio.ensure_future(batcher.infer(rows(2, 3, 4)))
        stays = asyncio.ensure_future(batcher.infer(rows(5)))
        await turns()
        assert batcher.rows == 4
        gone.cancel()
        await asyncio.sleep(0)
        assert batcher.rows == 1
        first.cancel()  # it runs already: its rows are lost, nobody else's
        assert model.gate is not None
        model.gate.set()
        assert labels(await stays) == [5]

    run(talk)
    assert model.sizes == [1, 1]
    assert log.lost == {"cancelled": 3}


def test_a_pool_that_closes_is_no_hang() -> None:
    async def talk() -> None:
        closed = ThreadPoolExecutor(1)
        batcher = batcher_of(Echo(), policy_of(batch=8, inline=0, waiting=32, seconds=5), closed)
        closed.shutdown()
        with pytest.raises(UnavailableError, match="the service is stopping"):
            await batcher.infer(rows(1))

    run(talk)
