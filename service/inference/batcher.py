"""Requests of every route meet here: rows that wait for the same model are answered together.

One batcher per session. Rows queue while the event loop takes in requests; at the end of each turn
of the loop what waits is drained in batches of at most `cap` rows, so an idle service answers at
once and a busy one in batches, without any fixed delay. A batch that is worth a thread leaves the
loop; while it runs, the next one gathers.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.errors import BusyError, DeadlineError, UnavailableError
from service.inference.plan import Plan
from service.inference.session import Answer

Images = NDArray[np.uint8]


class Model(Protocol):
    """What a batcher runs; `Session` is one."""

    @property
    def name(self) -> str:
        """Named in errors."""

    def predict(self, images: Images) -> Answer:
        """Answer uint8 [n, height, width]."""


class Observer(Protocol):
    """Who counts what a batcher does."""

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        """`rows` were answered in `seconds`; each request in it had `waited` so many seconds."""

    def refused(self, reason: str, rows: int) -> None:
        """Rows that were not run: `full`, `deadline`, `cancelled` or `failed`."""


@dataclass(eq=False)
class _Request:
    """Rows of one request that wait: `images[start:]`; `parts` are answered already."""

    images: Images
    future: asyncio.Future[Answer]
    since: float
    start: int = 0
    parts: list[Answer] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Rows not yet taken."""
        return len(self.images) - self.start


@dataclass(frozen=True)
class _Share:
    """The rows of one request in one batch."""

    request: _Request
    images: Images


class Batcher:
    """Batches of one session, on one event loop. Not safe to call from other threads."""

    def __init__(self, model: Model, plan: Plan, threads: Executor, observer: Observer) -> None:
        self._model = model
        self._plan = plan
        self._threads = threads
        self._observer = observer
        self._waiting: deque[_Request] = deque()
        self._rows = 0
        self._scheduled = False
        self._running = False

    @property
    def rows(self) -> int:
        """Rows that wait."""
        return self._rows

    async def infer(self, images: Images) -> Answer:
        """Answer images, uint8 [n, height, width], n >= 1, in their order.

        Raises:
            BusyError: too many rows wait.
            DeadlineError: they waited too long; nothing was run.
        """
        n = len(images)
        if self._rows and self._rows + n > self._plan.queue:
            self._observer.refused("full", n)
            raise BusyError(
                f"{self._rows} rows wait for {self._model.name} and at most {self._plan.queue} "
                "may; try again in a moment",
                headers={"retry-after": "1"},
            )
        loop = asyncio.get_running_loop()
        request = _Request(images, loop.create_future(), time.perf_counter())
        self._waiting.append(request)
        self._rows += n
        self._schedule(loop)
        try:
            return await request.future
        except asyncio.CancelledError:
            self._forget(request)
            raise

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._scheduled and not self._running:
            self._scheduled = True
            loop.call_soon(self._drain)

    def _forget(self, request: _Request) -> None:
        """A client that left frees its rows at once."""
        if request in self._waiting:
            self._waiting.remove(request)
            self._rows -= request.left
            self._observer.refused("cancelled", request.left)

    def _drain(self) -> None:
        """Run one batch of what waits."""
        self._scheduled = False
        if self._running:
            return
        batch = self._take()
        if not batch:
            return
        rows = sum(len(share.images) for share in batch)
        loop = asyncio.get_running_loop()
        if rows <= self._plan.inline:
            self._settle(batch, self._run(batch))
        else:
            self._leave(batch, loop)
        if self._waiting:
            self._schedule(loop)

    def _leave(self, batch: list[_Share], loop: asyncio.AbstractEventLoop) -> None:
        """Run a batch on a thread."""
        try:
            work = loop.run_in_executor(self._threads, self._run, batch)
        except RuntimeError:
            # The pool is closed: the process ends.
            stopping = UnavailableError("the service is stopping; ask again in a moment")
            self._settle(batch, [stopping] * len(batch))
            return
        self._running = True
        work.add_done_callback(lambda done: self._landed(batch, done))

    def _landed(self, batch: list[_Share], work: asyncio.Future[list[Answer | Exception]]) -> None:
        """A batch came back from its thread."""
        self._running = False
        self._settle(batch, work.result())
        if self._waiting:
            self._schedule(work.get_loop())

    def _take(self) -> list[_Share]:
        """Up to `cap` rows, oldest first; requests that waited too long are told so."""
        batch: list[_Share] = []
        room = self._plan.cap
        now = time.perf_counter()
        while self._waiting and room:
            request = self._waiting[0]
            if request.future.done():
                self._waiting.popleft()
                self._rows -= request.left
                continue
            if now - request.since > self._plan.seconds:
                self._waiting.popleft()
                self._rows -= request.left
                self._expire(request)
                continue
            taken = min(room, request.left)
            batch.append(_Share(request, request.images[request.start : request.start + taken]))
            request.start += taken
            room -= taken
            self._rows -= taken
            if not request.left:
                self._waiting.popleft()
        return batch

    def _expire(self, request: _Request) -> None:
        self._observer.refused("deadline", request.left)
        request.future.set_exception(
            DeadlineError(
                f"{len(request.images)} rows waited more than {self._plan.seconds:g} s for "
                f"{self._model.name}; they were not run, try again later",
                headers={"retry-after": "1"},
            )
        )

    def _run(self, batch: list[_Share]) -> list[Answer | Exception]:
        """Answer a batch; on the loop or on a thread."""
        started = time.perf_counter()
        waited = [started - share.request.since for share in batch]
        try:
            if len(batch) == 1:
                answers = [self._model.predict(batch[0].images)]
            else:
                together = self._model.predict(np.concatenate([share.images for share in batch]))
                answers = _split(together, [len(share.images) for share in batch])
        except Exception as error:
            if len(batch) == 1:
                return [error]
            # One of them is to blame: each for itself, so that the others get their answer.
            return [answer for share in batch for answer in self._run([share])]
        rows = sum(len(share.images) for share in batch)
        self._observer.batch(rows, waited, time.perf_counter() - started)
        return list(answers)

    def _settle(self, batch: list[_Share], answers: list[Answer | Exception]) -> None:
        """Hand the answers out; a request is done when its last rows are."""
        for share, answer in zip(batch, answers, strict=True):
            request = share.request
            if request.future.done():
                continue
            if isinstance(answer, Exception):
                self._observer.refused("failed", len(share.images))
                request.future.set_exception(answer)
            elif request.left or request.parts:
                request.parts.append(answer)
                if sum(len(part.label) for part in request.parts) == len(request.images):
                    request.future.set_result(_join(request.parts))
            else:
                request.future.set_result(answer)


def _split(answer: Answer, sizes: Sequence[int]) -> list[Answer]:
    ends = np.cumsum(sizes).tolist()
    starts = [0, *ends[:-1]]
    return [
        Answer(answer.label[start:end], answer.probabilities[start:end])
        for start, end in zip(starts, ends, strict=True)
    ]


def _join(parts: Sequence[Answer]) -> Answer:
    return Answer(
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
    )
