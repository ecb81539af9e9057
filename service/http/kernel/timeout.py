"""A time limit that costs nothing for work that does not wait."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def with_timeout(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await the work for at most so many seconds.

    Most bodies have arrived when they are asked for, and a timer costs more than reading them. So
    the first step runs without a timer, which starts only if that step waits.

    Raises:
        TimeoutError: the work took longer.
    """
    try:
        awaited = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(seconds):
        return await _Resumed(work, awaited)


class _Resumed(Generic[T]):
    """A coroutine after its first step; `awaited` is the future that step waits for."""

    def __init__(self, work: Coroutine[Any, Any, T], awaited: Any) -> None:
        self._work = work
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, T]:
        awaited = self._awaited
        try:
            while True:
                try:
                    got = yield awaited
                except BaseException as error:  # cancellation, too, goes to the work
                    awaited = self._work.throw(error)
                else:
                    awaited = self._work.send(got)
        except StopIteration as done:
            result: T = done.value
            return result
