"""The batching policy of one model, from run times that are measured when it is loaded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from contract.batch import Batch
from service.inference.session import CHUNK_ROWS
from service.settings import Settings

# A run may block the event loop for this long; longer runs go to a thread.
INLINE_SECONDS = 0.001
# Use a larger batch only if it is 10% cheaper per row and runs under 10 ms, since the next request
# waits for the whole batch.
CHEAPER = 1.1
RUN_SECONDS = 0.01
# Candidates for the batch size. Smaller ones would split a typical request into several runs, each
# with the cost of a switch to the thread.
_MAX_BATCH_ROWS = (64, CHUNK_ROWS)
_SIZES = (1, 4, 16, *_MAX_BATCH_ROWS)
_REPEATS = 5
# A model counts as slow only after so many slow runs: a machine or a GPU that stalls while the
# model is loaded would otherwise leave it in batches of one row for good.
_LEAST_REPEATS = 3
# Seconds. If the fastest run so far is slower, larger batch sizes are not measured.
_SLOW_RUN = 0.05
# Seconds. A large batch must run within RUN_SECONDS and hardly ever halves the cost of a row.
_HOPELESS_RUN = 2 * RUN_SECONDS
# A full queue takes at most this share of the time limit to run, so that rows that are accepted are
# answered in time though the machine is busier than when the run was measured.
_QUEUE_SHARE = 0.5
# Seconds of one turn of a busy event loop, and of several. They bound the estimates below, since
# reading a burst of requests takes that long however fast the model is.
_LEAST_RUN, _LEAST_FULL = 0.005, 0.1


class Measurable(Protocol):
    """A session, as far as measuring needs it."""

    @property
    def samples(self) -> Batch:
        """Real inputs of the model."""

    @property
    def chunk_rows(self) -> int:
        """Most rows of one call of the runtime."""

    def predict(self, batch: Batch) -> Batch:
        """The outputs for the inputs."""


@dataclass(frozen=True)
class BatchingPolicy:
    """Limits for batching the requests to one model.

    Attributes:
        max_batch_rows: most rows of one run; a larger batch is not worth its latency.
        inline_rows: most rows of a run on the event loop; larger runs go to the thread.
        max_waiting_rows: most rows in the queue; an empty queue accepts a request of any size.
        max_wait_seconds: longest time until a request is answered; it then fails, run or not.
        row_seconds: seconds per row in a run of `max_batch_rows` rows.
    """

    max_batch_rows: int
    inline_rows: int
    max_waiting_rows: int
    max_wait_seconds: float
    row_seconds: float

    @property
    def run_seconds(self) -> float:
        """Seconds of the largest run, including the event loop's turn around it."""
        return max(self.max_batch_rows * self.row_seconds, _LEAST_RUN)

    @property
    def full_seconds(self) -> float:
        """Seconds to run a full queue, including the time to read its requests."""
        return max(self.max_waiting_rows * self.row_seconds, _LEAST_FULL)


def measure(session: Measurable, settings: Settings) -> BatchingPolicy:
    """Time runs of several batch sizes on this machine and derive the policy.

    This takes a few hundred milliseconds, or three runs of one row if those take longer.
    """
    row_seconds: dict[int, float] = {}
    for n in _SIZES:
        if n > 1 and (n > session.chunk_rows or _too_slow(row_seconds, n)):
            break
        row_seconds[n] = _seconds(session, n) / n
    most = _max_batch_rows(row_seconds)
    return BatchingPolicy(
        max_batch_rows=most,
        inline_rows=_inline_rows(row_seconds),
        max_waiting_rows=_max_waiting_rows(row_seconds[most], settings),
        max_wait_seconds=settings.timeout_seconds,
        row_seconds=row_seconds[most],
    )


def _max_waiting_rows(row_seconds: float, settings: Settings) -> int:
    """The rows that may wait: no more than can be run well within the time limit."""
    in_time = int(_QUEUE_SHARE * settings.timeout_seconds / row_seconds)
    return max(1, min(settings.max_waiting_rows, in_time))


def _too_slow(row_seconds: Mapping[int, float], n: int) -> bool:
    """True if a run of `n` rows is expected to be slow, from the largest run so far."""
    limit = _SLOW_RUN if n <= _MAX_BATCH_ROWS[0] else _HOPELESS_RUN
    return n * row_seconds[max(row_seconds)] > limit


def _max_batch_rows(row_seconds: Mapping[int, float]) -> int:
    """The batch size to use, from seconds per row by batch size."""
    sizes = [n for n in _MAX_BATCH_ROWS if n in row_seconds]
    if not sizes:  # the model is too slow for the smallest candidate
        return max(row_seconds)
    smallest, *larger = sizes
    worth = (
        n
        for n in larger
        if row_seconds[n] * CHEAPER < row_seconds[smallest] and n * row_seconds[n] <= RUN_SECONDS
    )
    return max(worth, default=smallest)


def _inline_rows(row_seconds: Mapping[int, float]) -> int:
    """Most rows that run within `INLINE_SECONDS`, extrapolated from the measured sizes."""
    fitting = [n for n in row_seconds if n * row_seconds[n] <= INLINE_SECONDS]
    return int(INLINE_SECONDS / row_seconds[max(fitting)]) if fitting else 0


def _seconds(session: Measurable, n: int) -> float:
    """Seconds of the fastest of several runs: the first may allocate, others may be disturbed."""
    # Real rows in random order: trees answer noise, or one repeated row, faster than real rows.
    order = np.random.default_rng(n).integers(0, len(session.samples), n)
    batch = session.samples.take(order)
    taken: list[float] = []
    while len(taken) < _LEAST_REPEATS or (len(taken) < _REPEATS and min(taken) < _SLOW_RUN):
        started = time.perf_counter()
        session.predict(batch)
        taken.append(time.perf_counter() - started)
    return min(taken)
