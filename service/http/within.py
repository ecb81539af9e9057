"""A time limit that costs nothing where nothing has to be waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of the work.

    Most bodies are there when they are asked for: the first step is taken without a timer, which
    costs more than reading does.

    Raises:
        TimeoutError: it waited longer.
    """
    try:
        wanted = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(seconds):
        return await _Rest(work, wanted)


class _Rest(Generic[T]):
    """A coroutine after its first step; `wanted` is what that step waits for."""

    def __init__(self, work: Coroutine[Any, Any, T], wanted: Any) -> None:
        self._work = work
        self._wanted = wanted

    def __await__(self) -> Generator[Any, Any, T]:
        wanted = self._wanted
        try:
            while True:
                try:
                    got = yield wanted
                except BaseException as error:  # a cancellation among them
                    wanted = self._work.throw(error)
                else:
                    wanted = self._work.send(got)
        except StopIteration as done:
            result: T = done.value
            return result
