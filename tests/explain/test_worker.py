"""Work that takes long is bounded, waits no longer than allowed, and ends when nobody waits."""

from __future__ import annotations

import asyncio
import threading

import pytest

from service.errors import BusyError, DeadlineError
from service.explain.worker import Stop, Worker


def test_more_requests_than_allowed_are_refused() -> None:
    gate = threading.Event()

    async def go() -> None:
        worker = Worker("t", "explained", 2, 5)
        held = [asyncio.ensure_future(worker.run(lambda _: gate.wait(5), 1)) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError, match="2 requests are being explained or wait for it"):
            await worker.run(lambda _: None, 1)
        gate.set()
        assert await asyncio.gather(*held) == [True, True]
        assert await worker.run(lambda _: 7, 1) == 7

    asyncio.run(go())


def test_a_request_that_waited_too_long_is_not_worked_on() -> None:
    gate = threading.Event()

    async def go() -> None:
        worker = Worker("t", "explained", 4, 0.05)
        first = asyncio.ensure_future(worker.run(lambda _: gate.wait(5), 1))
        await asyncio.sleep(0.01)
        second = asyncio.ensure_future(worker.run(lambda _: "done", 1))
        await asyncio.sleep(0.1)
        gate.set()
        await first
        with pytest.raises(DeadlineError, match=r"waited more than 0\.05 s to be explained"):
            await second

    asyncio.run(go())


def test_the_work_for_a_client_that_left_holds_its_place_until_it_ends() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(stop: Stop) -> None:
        begun.set()
        try:
            while True:
                stop.check()
        finally:
            ended.set()

    async def go() -> None:
        worker = Worker("t", "explained", 1, 5)
        task = asyncio.ensure_future(worker.run(work, 60))
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        await asyncio.wait([task])
        assert await asyncio.to_thread(ended.wait, 5)
        for _ in range(100):  # the place is free a moment after
            try:
                assert await worker.run(lambda _: 1, 1) == 1
                return
            except BusyError:
                await asyncio.sleep(0.01)
        raise AssertionError("the place stays taken")

    asyncio.run(go())


def test_time_is_counted_from_the_beginning_of_the_work() -> None:
    async def go() -> bool:
        return await Worker("t", "explained", 1, 5).run(lambda stop: stop.late, 60)

    assert not asyncio.run(go())
    assert Stop(0).late
