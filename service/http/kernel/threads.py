"""Threads for work that would block the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from service.errors import DeadlineError

T = TypeVar("T")


class Threads:
    """Runs work on a thread pool.

    Args:
        pool: the threads.
        seconds: longest time that work may wait for a free thread.
    """

    def __init__(self, pool: Executor, seconds: float) -> None:
        self._pool = pool
        self._seconds = seconds

    async def run(self, work: Callable[[], T]) -> T:
        """The result of the work.

        Raises:
            DeadlineError: no thread was free in time, so the work was not done.
        """
        deadline = time.perf_counter() + self._seconds

        def run_in_time() -> T:
            if time.perf_counter() > deadline:
                raise DeadlineError(
                    f"the body waited more than {self._seconds:g} s to be read; try again later",
                    headers={"retry-after": "1"},
                )
            return work()

        return await asyncio.get_running_loop().run_in_executor(self._pool, run_in_time)
