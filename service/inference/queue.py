"""The bounded queue of one model: first in, first out, but newest first under overload.

First in, first out is fair while every request is served. Under overload it is the worst order:
every request waits for the whole queue, and those that are served have waited longest. An overload
starts when the queue is full and ends when the queue has not been full for `full_seconds`, the time
to run a full queue. During an overload the newest requests run first and push out the oldest
(adaptive LIFO: Maurer, "Fail at Scale", ACM Queue 13(8), 2015). A burst ends within `full_seconds`.
If the overload lasts longer, requests that have waited for more than a few runs are shed.
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

# A request may wait for this many runs in an overload that lasts.
_PATIENT_RUNS = 4

# Called for rows that are not run, with the reason and the number of rows.
Refused = Callable[[str, int], None]


@dataclass(eq=False, slots=True)
class Pending:
    """One waiting request.

    Attributes:
        since: arrival, in seconds of `time.perf_counter`.
        start: first row that was not yet taken.
        wait_counted: whether the metrics have its wait, as they do once rows of it have run.
        parts: the outputs so far, in order.
    """

    batch: Batch
    future: asyncio.Future[Batch]
    since: float
    start: int = 0
    wait_counted: bool = False
    parts: list[Batch] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Rows not yet taken."""
        return self.batch.rows - self.start


# A request and its rows in one run.
Slice = tuple[Pending, Batch]


class Queue:
    """Requests that wait for one model.

    Args:
        name: the model's name, for messages.
    """

    def __init__(self, name: str, policy: BatchingPolicy, refused: Refused) -> None:
        self._name = name
        self._policy = policy
        self._refused = refused
        self._waiting: deque[Pending] = deque()  # oldest first
        self._cut: Pending | None = None  # a request of which some rows were taken
        # The first and the last time that the queue was full in this overload.
        self._overload_since = self._overload_last = -math.inf
        self.rows = 0

    def __bool__(self) -> bool:
        """True if anything waits."""
        return bool(self._waiting) or self._cut is not None

    def add(self, request: Pending) -> None:
        """Append a request; if the queue is full, the oldest requests fail to make room.

        Raises:
            BusyError: the request does not fit.
        """
        n = request.left
        # An empty queue accepts a request of any size.
        if self.rows and self.rows + n > self._policy.max_waiting_rows:
            if not self._overloaded(request.since):
                self._overload_since = request.since
            self._overload_last = request.since
            self._make_room(n)
        self._waiting.append(request)
        self.rows += n

    def _make_room(self, n: int) -> None:
        """Fail the oldest requests to make room for `n` rows.

        Requests of more than `n` rows are kept.

        Raises:
            BusyError: there would not be enough room.
        """
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
        """The rows of the next run, at most `max_batch_rows`; `now` is on the clock of `since`."""
        overloaded = self._overloaded(now)
        self._expire(now, self._patience(now) if overloaded else math.inf)
        slices: list[Slice] = []
        room = self._policy.max_batch_rows
        while room and (request := self._next(overloaded)) is not None:
            if request.future.done():  # its client left, or an earlier part failed
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

    def fail_late(self, now: float) -> None:
        """Fail the requests that have waited too long, one with rows in a run among them."""
        late = self._cut
        if late is not None and now - late.since > self._policy.max_wait_seconds:
            self._cut = None
            self._give_up(late, "deadline", self.late(late, running=True))
        self._expire(now, math.inf)

    def oldest(self) -> float:
        """The arrival of the oldest request; infinity if none waits."""
        waiting = self._waiting[0].since if self._waiting else math.inf
        return min(waiting, self._cut.since if self._cut is not None else math.inf)

    def _overloaded(self, now: float) -> bool:
        return now - self._overload_last < self._policy.full_seconds

    def _patience(self, now: float) -> float:
        """Longest wait of a request in this overload, in seconds."""
        if now - self._overload_since < self._policy.full_seconds:
            return self._policy.full_seconds
        return min(_PATIENT_RUNS * self._policy.run_seconds, self._policy.full_seconds)

    def _expire(self, now: float, patience: float) -> None:
        while self._waiting:
            oldest = self._waiting[0]
            waited = now - oldest.since
            if waited > self._policy.max_wait_seconds:
                self._give_up(oldest, "deadline", self.late(oldest))
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

    def late(self, request: Pending, running: bool = False) -> DeadlineError:
        """The error of a request that waited too long; `running` if rows of it are in a run."""
        end = "send fewer rows at once" if running else "they were not run, try again later"
        return DeadlineError(
            f"{len(request.batch)} rows waited more than {self._policy.max_wait_seconds:g} s for "
            f"{self._name}; {end}",
            headers={"retry-after": "1"},
        )
