"""Dynamic batching: rows of concurrent requests to the same model run together.

Each served version has one batcher for all routes. Rows queue while the event loop reads requests;
at the end of each turn of the loop the waiting rows are run in batches. An idle service therefore
answers at once and a busy one in batches, without a fixed delay. Small batches run on the loop,
larger ones on a thread. While one batch runs, the next one collects rows. Once it is full, it is
submitted to the thread at once, so that its run need not wait for the event loop.

A request fails at its deadline even if its run has begun. A run cannot be stopped: it goes on, and
the next begins when it is done, so there is never more than one run at a time.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Protocol

from contract.batch import Batch, Model
from service.errors import DeadlineError, UnavailableError
from service.inference.policy import BatchingPolicy
from service.inference.queue import Pending, Queue, Slice

# Shortest time between two checks of the deadlines, in seconds.
_LEAST_WAIT = 0.001

# Stands for the answer of a request that has failed or whose client has left.
_GIVEN_UP = DeadlineError("nobody waits for the answer")


class BatchMetrics(Protocol):
    """Receives the counts and times of a batcher."""

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        """A batch of `rows` ran for `seconds`.

        Args:
            waited: seconds before the run, one for each request whose first rows are in it.
        """

    def refused(self, reason: str, rows: int) -> None:
        """`rows` have no answer: `full`, `deadline`, `cancelled`, `failed` or `not_finite`."""

    def settled(self) -> None:
        """The answers of a run were passed to its requests; called on the event loop."""


class Batcher:
    """Batches the requests to one model on one event loop. Not thread-safe.

    Args:
        name: the model's name, for messages.
        thread: an executor with one thread, so that batches finish in the order they started.
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
        self._in_flight: deque[list[Slice]] = deque()  # batches submitted to the thread
        self._deadline: asyncio.TimerHandle | None = None  # while any is

    @property
    def rows(self) -> int:
        """Rows that wait."""
        return self._queue.rows

    def seconds(self, rows: int) -> float:
        """Estimated seconds to run `rows` more rows after the waiting ones."""
        return (self._queue.rows + rows) * self._policy.row_seconds

    async def infer(self, batch: Batch) -> Batch:
        """The outputs for a batch of at least one row, in the order of its rows.

        Raises:
            BusyError: too many rows wait.
            DeadlineError: the outputs were not there in time.
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
            # The error's traceback refers to this frame, and `request` refers to the error. Break
            # the cycle, so that the rows are freed without the garbage collector.
            del request

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._scheduled and self._may_run():
            self._scheduled = True
            loop.call_soon(self._drain, loop)

    def _may_run(self) -> bool:
        """True if a batch may be taken: none is in flight, or one is and the next is full."""
        return not self._in_flight or (
            len(self._in_flight) == 1 and self._queue.rows >= self._policy.max_batch_rows
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
            # The executor is shut down because the process is stopping.
            self._settle(slices, [_stopping()] * len(slices))
            return
        self._in_flight.append(slices)
        self._watch_deadlines(loop)
        work.add_done_callback(lambda done: self._finished(slices, done))

    def _finished(self, slices: list[Slice], work: asyncio.Future[list[Batch | Exception]]) -> None:
        """Settle a finished batch and start the next before any response is written."""
        self._in_flight.popleft()  # batches finish in the order they started
        if work.cancelled():  # the loop is being shut down
            self._settle(slices, [_stopping()] * len(slices))
        else:
            self._settle(slices, work.result())
        if self._queue:
            self._drain(work.get_loop())

    def _watch_deadlines(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set a timer to the next deadline while a batch is in flight; the loop is free meanwhile.

        One timer serves all requests: they have equally long to wait, so the oldest is due first.
        """
        if self._deadline is not None or not self._in_flight:
            return
        pending = (r.since for batch in self._in_flight for r, _ in batch if not r.future.done())
        oldest = min(self._queue.oldest(), min(pending, default=math.inf))
        if oldest == math.inf:  # the batch in flight goes on for nobody
            oldest = time.perf_counter()
        due = oldest + self._policy.max_wait_seconds - time.perf_counter()
        self._deadline = loop.call_later(max(due, _LEAST_WAIT), self._fail_late, loop)

    def _fail_late(self, loop: asyncio.AbstractEventLoop) -> None:
        """Fail the requests whose deadline has passed, and wait for the next."""
        self._deadline = None
        now = time.perf_counter()
        for request, rows in (one for batch in self._in_flight for one in batch):
            if not request.future.done() and now - request.since > self._policy.max_wait_seconds:
                self._metrics.refused("deadline", rows.rows)
                request.future.set_exception(self._queue.late(request, running=True))
        self._queue.fail_late(now)
        self._watch_deadlines(loop)

    def _run(self, slices: list[Slice]) -> list[Batch | Exception]:
        """Run a batch, on the loop or on the thread; every exception becomes an answer.

        Rows that nobody waits for any more are not run: a batch may have to wait for the thread.
        """
        waiting = [one for one in slices if not one[0].future.done()]
        try:
            answers = self._answer(waiting) if waiting else []
        except Exception as error:  # from the metrics, or from splitting the outputs
            answers = [error] * len(waiting)
        if len(waiting) == len(slices):
            return answers
        left, kept = iter(answers), set(map(id, waiting))
        return [next(left) if id(one) in kept else _GIVEN_UP for one in slices]

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
            # One request caused the error: run each alone, so that the others get their outputs.
            return [answer for one in slices for answer in self._answer([one])]
        seconds = time.perf_counter() - started
        rows = sum(batch.rows for _, batch in slices)
        self._metrics.batch(rows, _waits(slices, started), seconds)
        return list(answers)

    def _settle(self, slices: list[Slice], answers: Sequence[Batch | Exception]) -> None:
        """Pass the outputs to the requests; a request is complete with its last rows."""
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
        self._metrics.settled()


def _waits(slices: list[Slice], started: float) -> list[float]:
    """Seconds before `started` of each request whose wait is not counted yet; notes that it is."""
    waits = []
    for request, _ in slices:
        if not request.wait_counted:
            request.wait_counted = True
            waits.append(started - request.since)
    return waits


def _stopping() -> UnavailableError:
    return UnavailableError("the service is stopping; try again in a moment")
