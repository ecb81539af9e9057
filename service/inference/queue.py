"""The rows that wait for one model: bounded, in order, and newest first when there are too many.

In order is fair while everybody is served. When more comes than can be run it is the worst order:
everybody waits for as long as the queue is, and whoever is served has waited longest. So from the
moment the queue is full, and until it has not been for as long as a full one takes to run, the
newest go first and the oldest are pushed out for them (adaptive LIFO: Maurer, "Fail at Scale", ACM
Queue 13(8), 2015). A burst is worked off all the same. Where the crowd stays for longer than a full
queue takes, it is no burst: whoever waits for more than a few runs is then told to come back.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.errors import BusyError, DeadlineError, ServiceError
from service.inference.plan import Plan
from service.inference.session import Answer

Images = NDArray[np.uint8]

# Runs that a request may wait for when too much comes for longer than a burst.
_PATIENT_RUNS = 4

# Told of rows that are given up: the reason and how many.
Refused = Callable[[str, int], None]


@dataclass(eq=False, slots=True)
class Pending:
    """One request that waits: `images[start:]` are to be run, `parts` are the answers so far."""

    images: Images
    future: asyncio.Future[Answer]
    since: float
    start: int = 0
    parts: list[Answer] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Rows not yet taken."""
        return len(self.images) - self.start


# A request and those of its rows that go into one run.
Share = tuple[Pending, Images]


class Queue:
    """Requests that wait for one model.

    Args:
        name: of the model, for messages.
    """

    def __init__(self, name: str, plan: Plan, refused: Refused) -> None:
        self._name = name
        self._plan = plan
        self._refused = refused
        self._waiting: deque[Pending] = deque()  # oldest first
        self._cut: Pending | None = None  # some of its rows were taken already
        # When the queue was full for the first time of this crowd, and for the last.
        self._crowd_since = self._crowd_last = -math.inf
        self.rows = 0

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting) or self._cut is not None

    def add(self, request: Pending) -> None:
        """Put a request behind the others; where it does not fit, older ones make room.

        Raises:
            BusyError: it does not fit even so.
        """
        n = request.left
        # A request on its own may always wait, whatever its size.
        if self.rows and self.rows + n > self._plan.queue:
            if not self._crowded(request.since):
                self._crowd_since = request.since
            self._crowd_last = request.since
            self._make_room(n)
        self._waiting.append(request)
        self.rows += n

    def _make_room(self, n: int) -> None:
        """Push out the oldest for `n` rows; nobody makes way for a smaller request, or in vain."""
        needed = self.rows + n - self._plan.queue
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

    def take(self, now: float) -> list[Share]:
        """The rows of the next run, at most the plan's cap; `now` as `since`, in seconds."""
        crowded = self._crowded(now)
        self._expire(now, self._patience(now) if crowded else math.inf)
        shares: list[Share] = []
        room = self._plan.cap
        while room and (request := self._next(crowded)) is not None:
            if request.future.done():  # its client left, or an earlier part of it failed
                self.rows -= request.left
                cancelled = request.future.cancelled()
                self._refused("cancelled" if cancelled else "failed", request.left)
                continue
            end = min(request.start + room, len(request.images))
            shares.append((request, request.images[request.start : end]))
            room -= end - request.start
            self.rows -= end - request.start
            request.start = end
            if request.left:
                self._cut = request
        return shares

    def _next(self, crowded: bool) -> Pending | None:
        if self._cut is not None:
            request, self._cut = self._cut, None
            return request
        if not self._waiting:
            return None
        return self._waiting.pop() if crowded else self._waiting.popleft()

    def forget(self, request: Pending) -> None:
        """A client that left frees its rows at once."""
        if request is self._cut:
            self._cut = None
        elif request in self._waiting:
            self._waiting.remove(request)
        else:
            return
        self.rows -= request.left
        self._refused("cancelled", request.left)

    def _crowded(self, now: float) -> bool:
        return now - self._crowd_last < self._plan.full_seconds

    def _patience(self, now: float) -> float:
        """How long a request of this crowd may wait."""
        if now - self._crowd_since < self._plan.full_seconds:
            return self._plan.full_seconds
        return min(_PATIENT_RUNS * self._plan.run_seconds, self._plan.full_seconds)

    def _expire(self, now: float, patience: float) -> None:
        while self._waiting:
            oldest = self._waiting[0]
            waited = now - oldest.since
            if waited > self._plan.seconds:
                self._give_up(oldest, "deadline", self._late(oldest))
            elif waited > patience:
                self._give_up(oldest, "full", self._crowded_out(oldest, waited))
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
            f"{self._plan.queue} may; try again in a moment",
            headers={"retry-after": "1"},
        )

    def _crowded_out(self, request: Pending, waited: float) -> BusyError:
        return BusyError(
            f"{len(request.images)} rows waited {waited:.2g} s for {self._name} while more came "
            "than it can run; try again in a moment",
            headers={"retry-after": "1"},
        )

    def _late(self, request: Pending) -> DeadlineError:
        return DeadlineError(
            f"{len(request.images)} rows waited more than {self._plan.seconds:g} s for "
            f"{self._name}; they were not run, try again later",
            headers={"retry-after": "1"},
        )
