"""Requests of every route meet here: rows that wait for the same model are answered together.

One batcher per session. Rows queue while the event loop takes in requests; at the end of each turn
of the loop what waits is drained in batches of at most `cap` rows, so an idle service answers at
once and a busy one in batches, without any fixed delay. A batch that is worth a thread leaves the
loop; while it runs, the next one gathers, and when it is full it follows, so that the thread need
not wait for the loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from itertools import accumulate
from typing import Protocol

import numpy as np

from service.errors import UnavailableError
from service.inference.plan import Plan
from service.inference.queue import Images, Pending, Queue, Share
from service.inference.session import Answer


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


class Batcher:
    """Batches of one session, on one event loop. Not safe to call from other threads.

    Args:
        thread: an executor of one thread, so that runs land in the order in which they left.
    """

    def __init__(self, model: Model, plan: Plan, thread: Executor, observer: Observer) -> None:
        self._model = model
        self._plan = plan
        self._thread = thread
        self._observer = observer
        self._queue = Queue(model.name, plan, observer.refused)
        self._scheduled = False
        self._away = 0  # batches that left the loop and have not landed

    @property
    def rows(self) -> int:
        """Rows that wait."""
        return self._queue.rows

    def seconds(self, rows: int) -> float:
        """What so many more rows would take, with those that wait."""
        return (self._queue.rows + rows) * self._plan.row_seconds

    async def infer(self, images: Images) -> Answer:
        """Answer images, uint8 [n, height, width], n >= 1, in their order.

        Raises:
            BusyError: too many rows wait.
            DeadlineError: they waited too long; nothing was run.
        """
        loop = asyncio.get_running_loop()
        request = Pending(images, loop.create_future(), time.perf_counter())
        self._queue.add(request)
        self._schedule(loop)
        try:
            return await request.future
        except asyncio.CancelledError:
            self._queue.forget(request)
            raise
        finally:
            # An error holds this frame, which would hold the error: rubbish for the collector,
            # and with it the images.
            del request

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._scheduled and self._may_run():
            self._scheduled = True
            loop.call_soon(self._drain, loop)

    def _may_run(self) -> bool:
        """Whether a batch may be taken: none is away, or one is and the next is full."""
        return not self._away or (self._away == 1 and self._queue.rows >= self._plan.cap)

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run one batch of what waits."""
        self._scheduled = False
        if not self._may_run():
            return
        batch = self._queue.take(time.perf_counter())
        if batch:
            rows = sum(len(images) for _, images in batch)
            if not self._away and rows <= self._plan.inline:
                self._settle(batch, self._run(batch))
            else:
                self._leave(batch, loop)
        if self._queue:
            self._schedule(loop)

    def _leave(self, batch: list[Share], loop: asyncio.AbstractEventLoop) -> None:
        """Run a batch on the thread."""
        try:
            work = loop.run_in_executor(self._thread, self._run, batch)
        except RuntimeError:
            # The pool is closed: the process ends.
            self._settle(batch, [_stopping()] * len(batch))
            return
        self._away += 1
        work.add_done_callback(lambda done: self._landed(batch, done))

    def _landed(self, batch: list[Share], work: asyncio.Future[list[Answer | Exception]]) -> None:
        """A batch came back from its thread; the next leaves before any answer is written."""
        self._away -= 1
        if work.cancelled():  # the loop is being shut down
            self._settle(batch, [_stopping()] * len(batch))
        else:
            self._settle(batch, work.result())
        if self._queue:
            self._drain(work.get_loop())

    def _run(self, batch: list[Share]) -> list[Answer | Exception]:
        """Answer a batch, whatever happens; on the loop or on a thread."""
        try:
            return self._answer(batch)
        except Exception as error:  # not of the model, but of what counts or cuts its answers
            return [error] * len(batch)

    def _answer(self, batch: list[Share]) -> list[Answer | Exception]:
        started = time.perf_counter()
        try:
            if len(batch) == 1:
                answers = [self._model.predict(batch[0][1])]
            else:
                together = self._model.predict(np.concatenate([images for _, images in batch]))
                answers = _split(together, [len(images) for _, images in batch])
        except Exception as error:
            if len(batch) == 1:
                return [error]
            # One of them is to blame: each for itself, so that the others get their answer.
            return [answer for share in batch for answer in self._answer([share])]
        seconds = time.perf_counter() - started
        rows = sum(len(images) for _, images in batch)
        self._observer.batch(rows, [started - request.since for request, _ in batch], seconds)
        return list(answers)

    def _settle(self, batch: list[Share], answers: Sequence[Answer | Exception]) -> None:
        """Hand the answers out; a request is done when its last rows are."""
        for (request, images), answer in zip(batch, answers, strict=True):
            if request.future.done():
                continue
            if isinstance(answer, Exception):
                self._observer.refused("failed", len(images))
                request.future.set_exception(answer)
            elif len(images) == len(request.images):
                request.future.set_result(answer)
            else:
                request.parts.append(answer)
                if sum(len(part.label) for part in request.parts) == len(request.images):
                    request.future.set_result(_join(request.parts))


def _stopping() -> UnavailableError:
    return UnavailableError("the service is stopping; ask again in a moment")


def _split(answer: Answer, sizes: Sequence[int]) -> list[Answer]:
    ends = list(accumulate(sizes))
    return [
        Answer(answer.label[start:end], answer.probabilities[start:end])
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def _join(parts: Sequence[Answer]) -> Answer:
    return Answer(
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
    )
