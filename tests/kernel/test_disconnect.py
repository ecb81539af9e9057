"""Work is cancelled when the client disconnects."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from service.http.kernel.disconnect import ClientDisconnected
from service.http.kernel.messages import Request


class Work:
    """Work that does not end; knows when it has started and whether it was cancelled."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.cancelled = False

    async def __call__(self) -> int:
        self.started.set()
        try:
            await asyncio.Future()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return 1


def test_work_is_cancelled_when_the_client_disconnects() -> None:
    async def go() -> None:
        work = Work()

        async def disconnected() -> Any:
            await work.started.wait()
            return {"type": "http.disconnect"}

        with pytest.raises(ClientDisconnected):
            await Request(b"", {}, receive=disconnected).cancel_on_disconnect(work())
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0  # the request's own task goes on
        assert work.cancelled

    asyncio.run(go())


def test_work_is_finished_while_the_client_stays() -> None:
    async def quick() -> int:
        return 7

    async def connected() -> Any:
        await asyncio.Future()

    async def go() -> None:
        assert await Request(b"", {}, receive=connected).cancel_on_disconnect(quick()) == 7
        assert await Request(b"", {}).cancel_on_disconnect(quick()) == 7

    asyncio.run(go())


def test_a_server_that_stops_in_the_same_turn_still_cancels() -> None:
    async def go() -> None:
        async def disconnected() -> Any:
            return {"type": "http.disconnect"}

        request = Request(b"", {}, receive=disconnected)
        task = asyncio.ensure_future(request.cancel_on_disconnect(Work()()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
