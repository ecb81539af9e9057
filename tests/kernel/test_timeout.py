"""A time limit around a coroutine that may not have to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from service.http.kernel.timeout import with_timeout


async def at_once() -> int:
    return 7


async def later(seconds: float, trace: list[str]) -> int:
    try:
        for _ in range(3):
            await asyncio.sleep(0)
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        trace.append("cancelled")
        raise
    return 7


async def fails(wait: bool) -> int:
    if wait:
        await asyncio.sleep(0)
    raise KeyError("x")


def run(work: Coroutine[Any, Any, int], seconds: float = 5) -> int:
    return asyncio.run(with_timeout(seconds, work))


def test_work_that_does_not_wait_takes_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "timeout", None)
    assert run(at_once()) == 7


def test_work_that_waits_is_resumed_until_it_is_done() -> None:
    trace: list[str] = []
    assert run(later(0.01, trace)) == 7
    assert trace == []


def test_work_that_takes_too_long_is_cancelled() -> None:
    trace: list[str] = []
    with pytest.raises(TimeoutError):
        run(later(30, trace), seconds=0.02)
    assert trace == ["cancelled"]


@pytest.mark.parametrize("wait", [False, True])
def test_errors_pass(wait: bool) -> None:
    with pytest.raises(KeyError):
        run(fails(wait))


def test_a_cancelled_caller_cancels_the_work() -> None:
    trace: list[str] = []

    async def go() -> None:
        task = asyncio.ensure_future(with_timeout(5, later(30, trace)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert trace == ["cancelled"]


def test_a_timeout_inside_the_work_is_its_own() -> None:
    async def inner() -> int:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(5)
        except TimeoutError:
            return 3
        return 0

    assert run(inner()) == 3
