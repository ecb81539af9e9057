"""Requests of every route meet here: rows that wait for the same model are answered together.

One batcher per served version. Rows queue while the event loop reads requests; at the end of each
turn of the loop the waiting rows are run in batches, so an idle service answers at once and a busy
one in batches, without any fixed delay. A batch that is worth a thread leaves the loop; while it
runs, the next one gathers, and when that is full it follows, so the thread need not wait for the
loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Protocol

from contract.batch import Batch, Model
from service.errors import UnavailableError
from service.inference.policy import BatchingPolicy
from service.inference.queue import Pending, Queue, Slice


class BatchMetrics(Protocol):
    """Counts what a batcher does."""

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        """`rows` were answered in `seconds`; `waited` has the wait of each request, in seconds."""

    def refused(self, reason: str, rows: int) -> None:
        """Rows that were not run: `full`, `deadline`, `cancelled` or `failed`."""


class Batcher:
    """Batches of one model, on one event loop. Not safe to call from other threads.

    Args:
        name: of the model, for messages.
        thread: an executor of one thread, so that runs finish in the order they started.
    """

    def __init__(
        self,
        name: str,
        model: Model,
        policy: BatchingPolicy,
        thread: Executor,
        metrics: BatchMetrics,
    ) -> None:
        self._model = model
        self._policy = policy
        self._thread = thread
        self._metrics = metrics
        self._queue = Queue(name, policy, metrics.refused)
        self._scheduled = False
        self._in_flight = 0  # batches on the thread

    @property
    def rows(self) -> int:
        """Rows that wait."""
        return self._queue.rows

    def seconds(self, rows: int) -> float:
        """How long this many more rows would take, with those that wait."""
        return (self._queue.rows + rows) * self._policy.row_seconds

    async def infer(self, batch: Batch) -> Batch:
        """The outputs for a batch of at least one row, in its order.

        Raises:
            BusyError: too many rows wait.
            DeadlineError: they waited too long; nothing was run.
        """
        loop = asyncio.get_running_loop()
        request = Pending(batch, loop.create_future(), time.perf_counter())
        self._queue.add(request)
        self._schedule(loop)
        try:
            return await request.future
        except asyncio.CancelledError:
            self._queue.forget(request)
            raise
        finally:
            # An error's traceback holds this frame, and the frame would hold the error: a cycle
            # for the garbage collector, and with it the rows.
            del request

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._scheduled and self._may_run():
            self._scheduled = True
            loop.call_soon(self._drain, loop)

    def _may_run(self) -> bool:
        """True if a batch may be taken: none is in flight, or one is and the next is full."""
        return not self._in_flight or (
            self._in_flight == 1 and self._queue.rows >= self._policy.max_batch_rows
        )

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run one batch of the waiting rows."""
        self._scheduled = False
        if not self._may_run():
            return
        slices = self._queue.take(time.perf_counter())
        if slices:
            rows = sum(batch.rows for _, batch in slices)
            if not self._in_flight and rows <= self._policy.inline_rows:
                self._settle(slices, self._run(slices))
            else:
                self._start(slices, loop)
        if self._queue:
            self._schedule(loop)

    def _start(self, slices: list[Slice], loop: asyncio.AbstractEventLoop) -> None:
        """Run a batch on the thread."""
        try:
            work = loop.run_in_executor(self._thread, self._run, slices)
        except RuntimeError:
            # The pool is closed: the process ends.
            self._settle(slices, [_stopping()] * len(slices))
            return
        self._in_flight += 1
        work.add_done_callback(lambda done: self._finished(slices, done))

    def _finished(self, slices: list[Slice], work: asyncio.Future[list[Batch | Exception]]) -> None:
        """A batch is done; the next starts before any answer is written."""
        self._in_flight -= 1
        if work.cancelled():  # the loop is being shut down
            self._settle(slices, [_stopping()] * len(slices))
        else:
            self._settle(slices, work.result())
        if self._queue:
            self._drain(work.get_loop())

    def _run(self, slices: list[Slice]) -> list[Batch | Exception]:
        """Answer a batch, whatever happens; on the loop or on a thread."""
        try:
            return self._answer(slices)
        except Exception as error:  # of the metrics, or of cutting the answers
            return [error] * len(slices)

    def _answer(self, slices: list[Slice]) -> list[Batch | Exception]:
        started = time.perf_counter()
        answers: list[Batch]
        try:
            if len(slices) == 1:
                answers = [self._model.predict(slices[0][1])]
            else:
                together = self._model.predict(Batch.join([batch for _, batch in slices]))
                answers = together.split([batch.rows for _, batch in slices])
        except Exception as error:
            if len(slices) == 1:
                return [error]
            # One of them is to blame: run each on its own, so that the others get their answer.
            return [answer for one in slices for answer in self._answer([one])]
        seconds = time.perf_counter() - started
        rows = sum(batch.rows for _, batch in slices)
        self._metrics.batch(rows, [started - request.since for request, _ in slices], seconds)
        return list(answers)

    def _settle(self, slices: list[Slice], answers: Sequence[Batch | Exception]) -> None:
        """Hand the answers out; a request is done when its last rows are."""
        for (request, rows), answer in zip(slices, answers, strict=True):
            if request.future.done():
                continue
            if isinstance(answer, Exception):
                self._metrics.refused("failed", rows.rows)
                request.future.set_exception(answer)
            elif rows.rows == request.batch.rows:
                request.future.set_result(answer)
            else:
                request.parts.append(answer)
                if sum(part.rows for part in request.parts) == request.batch.rows:
                    request.future.set_result(Batch.join(request.parts))


def _stopping() -> UnavailableError:
    return UnavailableError("the service is stopping; ask again in a moment")
