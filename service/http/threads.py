"""Threads for work that would hold up the event loop, within a time limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from service.errors import DeadlineError

T = TypeVar("T")


class Threads:
    """Runs work on a pool, if a thread is free in time.

    Args:
        seconds: longest that work waits for its thread.
    """

    def __init__(self, pool: Executor, seconds: float) -> None:
        self._pool = pool
        self._seconds = seconds

    async def run(self, work: Callable[[], T]) -> T:
        """The result of the work.

        Raises:
            DeadlineError: it waited too long and was not done.
        """
        until = time.perf_counter() + self._seconds

        def timely() -> T:
            if time.perf_counter() > until:
                raise DeadlineError(
                    f"the body waited more than {self._seconds:g} s to be read; try again later",
                    headers={"retry-after": "1"},
                )
            return work()

        return await asyncio.get_running_loop().run_in_executor(self._pool, timely)
