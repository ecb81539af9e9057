"""One thread for work that takes long, with a bounded queue and a way to stop the work."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TypeVar

from service.errors import BusyError, DeadlineError

T = TypeVar("T")


class Stop:
    """Whether work should end: its client left, or its time is over. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._until = time.perf_counter() + seconds
        self._left = threading.Event()

    def restart(self, seconds: float) -> None:
        """The time begins now."""
        self._until = time.perf_counter() + seconds

    def leave(self) -> None:
        """The client left."""
        self._left.set()

    @property
    def late(self) -> bool:
        """True if the time is over."""
        return time.perf_counter() > self._until

    def check(self) -> None:
        """Raise CancelledError if nobody waits any more."""
        if self._left.is_set():
            raise CancelledError


class Worker:
    """Runs work one after the other, away from predictions.

    Args:
        name: of the thread. verb: what is done to requests, for messages.
        most: requests that run or wait; more are refused.
        wait: seconds that a request may wait for the thread.
    """

    def __init__(self, name: str, verb: str, most: int, wait: float) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._verb, self._most, self._wait = verb, most, wait
        self._lock, self._held = threading.Lock(), 0

    async def run(self, work: Callable[[Stop], T], seconds: float) -> T:
        """The result of the work, which should end after some seconds.

        Raises:
            BusyError: too many requests run or wait.
            DeadlineError: the thread was not free in time, so the work was not done.
        """
        with self._lock:
            if self._held >= self._most:
                raise BusyError(
                    f"{self._held} requests are being {self._verb} or wait for it, as many as may; "
                    "try again later",
                    headers={"retry-after": "1"},
                )
            self._held += 1
        stop, latest = Stop(float("inf")), time.perf_counter() + self._wait

        def start() -> T:
            if time.perf_counter() > latest:
                raise DeadlineError(
                    f"the request waited more than {self._wait:g} s to be {self._verb}; try again "
                    "later",
                    headers={"retry-after": "1"},
                )
            stop.check()
            stop.restart(seconds)
            return work(stop)

        future = self._thread.submit(start)
        # When the thread is through with it, and not when the client leaves.
        future.add_done_callback(lambda _: self._release())
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            stop.leave()
            raise

    def _release(self) -> None:
        with self._lock:
            self._held -= 1
