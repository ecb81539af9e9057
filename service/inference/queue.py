"""The rows that wait for one model: bounded, in order, and newest first under overload.

First come, first served is fair while every request is served. Under overload it is the worst
order: each request waits as long as the queue is, and the ones served have waited longest. So from
the moment the queue is full, and until it has not been full for as long as a full queue takes to
run, the newest requests go first and push out the oldest (adaptive LIFO: Maurer, "Fail at Scale",
ACM Queue 13(8), 2015). A burst is worked off this way. An overload that lasts longer than a full
queue takes to run is no burst: requests that wait for more than a few runs are then shed.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from contract.batch import Batch
from service.errors import BusyError, DeadlineError, ServiceError
from service.inference.policy import BatchingPolicy

# Runs that a request may wait for in a lasting overload.
_PATIENT_RUNS = 4

# Told of rows that are given up: the reason and how many.
Refused = Callable[[str, int], None]


@dataclass(eq=False, slots=True)
class Pending:
    """One waiting request: rows from `start` are to be run, `parts` are the answers so far."""

    batch: Batch
    future: asyncio.Future[Batch]
    since: float
    start: int = 0
    parts: list[Batch] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Rows not yet taken."""
        return self.batch.rows - self.start


# A request and those of its rows that go into one run.
Slice = tuple[Pending, Batch]


class Queue:
    """Requests that wait for one model.

    Args:
        name: of the model, for messages.
    """

    def __init__(self, name: str, policy: BatchingPolicy, refused: Refused) -> None:
        self._name = name
        self._policy = policy
        self._refused = refused
        self._waiting: deque[Pending] = deque()  # oldest first
        self._cut: Pending | None = None  # some of its rows were taken already
        # When the queue was first full in this overload, and when last.
        self._overload_since = self._overload_last = -math.inf
        self.rows = 0

    def __bool__(self) -> bool:
        """True if anything waits."""
        return bool(self._waiting) or self._cut is not None

    def add(self, request: Pending) -> None:
        """Put a request behind the others; where it does not fit, older ones make room.

        Raises:
            BusyError: it does not fit even so.
        """
        n = request.left
        # A request on its own may always wait, whatever its size.
        if self.rows and self.rows + n > self._policy.max_waiting_rows:
            if not self._overloaded(request.since):
                self._overload_since = request.since
            self._overload_last = request.since
            self._make_room(n)
        self._waiting.append(request)
        self.rows += n

    def _make_room(self, n: int) -> None:
        """Push out the oldest for `n` rows, unless one is larger or the room would not do."""
        needed = self.rows + n - self._policy.max_waiting_rows
        freed = pushed = 0
        for oldest in self._waiting:
            if freed >= needed or oldest.left > n:
                break
            freed += oldest.left
            pushed += 1
        if freed < needed:
            self._refused("full", n)
            raise self._full(n)
        for _ in range(pushed):
            oldest = self._waiting.popleft()
            self._give_up(oldest, "full", self._full(oldest.left))

    def take(self, now: float) -> list[Slice]:
        """The rows of the next run, at most `max_batch_rows`; `now` as `since`, in seconds."""
        overloaded = self._overloaded(now)
        self._expire(now, self._patience(now) if overloaded else math.inf)
        slices: list[Slice] = []
        room = self._policy.max_batch_rows
        while room and (request := self._next(overloaded)) is not None:
            if request.future.done():  # its client left, or an earlier part of it failed
                self.rows -= request.left
                cancelled = request.future.cancelled()
                self._refused("cancelled" if cancelled else "failed", request.left)
                continue
            end = min(request.start + room, request.batch.rows)
            taken = end - request.start
            whole = taken == request.batch.rows
            rows = request.batch if whole else request.batch.slice(request.start, end)
            slices.append((request, rows))
            room -= taken
            self.rows -= taken
            request.start = end
            if request.left:
                self._cut = request
        return slices

    def _next(self, overloaded: bool) -> Pending | None:
        if self._cut is not None:
            request, self._cut = self._cut, None
            return request
        if not self._waiting:
            return None
        return self._waiting.pop() if overloaded else self._waiting.popleft()

    def forget(self, request: Pending) -> None:
        """Free the rows of a request whose client left."""
        if request is self._cut:
            self._cut = None
        elif request in self._waiting:
            self._waiting.remove(request)
        else:
            return
        self.rows -= request.left
        self._refused("cancelled", request.left)

    def _overloaded(self, now: float) -> bool:
        return now - self._overload_last < self._policy.full_seconds

    def _patience(self, now: float) -> float:
        """How long a request may wait in this overload."""
        if now - self._overload_since < self._policy.full_seconds:
            return self._policy.full_seconds
        return min(_PATIENT_RUNS * self._policy.run_seconds, self._policy.full_seconds)

    def _expire(self, now: float, patience: float) -> None:
        while self._waiting:
            oldest = self._waiting[0]
            waited = now - oldest.since
            if waited > self._policy.max_wait_seconds:
                self._give_up(oldest, "deadline", self._late(oldest))
            elif waited > patience:
                self._give_up(oldest, "full", self._shed(oldest, waited))
            else:
                return
            self._waiting.popleft()

    def _give_up(self, request: Pending, reason: str, error: ServiceError) -> None:
        self.rows -= request.left
        if not request.future.done():
            self._refused(reason, request.left)
            request.future.set_exception(error)

    def _full(self, n: int) -> BusyError:
        return BusyError(
            f"{n} rows do not fit: {self.rows} wait for {self._name} and at most "
            f"{self._policy.max_waiting_rows} may; try again in a moment",
            headers={"retry-after": "1"},
        )

    def _shed(self, request: Pending, waited: float) -> BusyError:
        return BusyError(
            f"{len(request.batch)} rows waited {waited:.2g} s for {self._name} while more came "
            "than it can run; try again in a moment",
            headers={"retry-after": "1"},
        )

    def _late(self, request: Pending) -> DeadlineError:
        return DeadlineError(
            f"{len(request.batch)} rows waited more than {self._policy.max_wait_seconds:g} s for "
            f"{self._name}; they were not run, try again later",
            headers={"retry-after": "1"},
        )
