"""How one model is batched, measured when it is loaded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from contract.batch import Batch
from service.inference.session import CHUNK_ROWS
from service.settings import Settings

# A run on the event loop may block it for this long; a longer one is worth the way to a thread.
INLINE_SECONDS = 0.001
# Use a larger batch only if it is 10% cheaper per row and runs under 10 ms, since the next request
# waits for the whole batch.
CHEAPER = 1.1
RUN_SECONDS = 0.01
# Smaller batches would split a usual request into several runs, each with its way to a thread.
_MAX_BATCH_ROWS = (64, CHUNK_ROWS)
_SIZES = (1, 4, 16, *_MAX_BATCH_ROWS)
_REPEATS = 5
# A model so slow is measured once for each size, and not for larger ones.
_SLOW_RUN = 0.05
# What one turn of a busy event loop takes, and several: a model that is faster than HTTP does not
# make a burst shorter than the time to read it.
_LEAST_RUN, _LEAST_FULL = 0.005, 0.1


class Measurable(Protocol):
    """What is measured: a session."""

    @property
    def samples(self) -> Batch:
        """Real inputs."""

    @property
    def chunk_rows(self) -> int:
        """Most rows of one call of the runtime."""

    def predict(self, batch: Batch) -> Batch:
        """The outputs for the inputs."""


@dataclass(frozen=True)
class BatchingPolicy:
    """How one model is batched.

    Attributes:
        max_batch_rows: most rows of one run; more would not make a row cheaper.
        inline_rows: most rows run on the event loop; more go to a thread.
        max_waiting_rows: most rows that wait; a request on its own may always wait.
        max_wait_seconds: longest a request waits before it is given up, its work not done.
        row_seconds: seconds per row in a run of `max_batch_rows` rows.
    """

    max_batch_rows: int
    inline_rows: int
    max_waiting_rows: int
    max_wait_seconds: float
    row_seconds: float

    @property
    def run_seconds(self) -> float:
        """Seconds of the largest run, the event loop's turn around it included."""
        return max(self.max_batch_rows * self.row_seconds, _LEAST_RUN)

    @property
    def full_seconds(self) -> float:
        """Seconds to run a full queue, the reading of its requests included."""
        return max(self.max_waiting_rows * self.row_seconds, _LEAST_FULL)


def measure(session: Measurable, settings: Settings) -> BatchingPolicy:
    """Time runs of each size on this machine; a few hundred milliseconds in all."""
    row_seconds: dict[int, float] = {}
    for n in _SIZES:
        if n > 1 and (n > session.chunk_rows or _too_slow(row_seconds, n)):
            break
        row_seconds[n] = _seconds(session, n) / n
    most = _max_batch_rows(row_seconds)
    return BatchingPolicy(
        max_batch_rows=most,
        inline_rows=_inline_rows(row_seconds),
        max_waiting_rows=settings.max_waiting_rows,
        max_wait_seconds=settings.timeout_seconds,
        row_seconds=row_seconds[most],
    )


def _too_slow(row_seconds: Mapping[int, float], n: int) -> bool:
    """True if a run of `n` rows would take long, judged by the largest run so far."""
    return n * row_seconds[max(row_seconds)] > _SLOW_RUN


def _max_batch_rows(row_seconds: Mapping[int, float]) -> int:
    """The smallest batch that makes rows cheap; the argument has seconds per row by batch size."""
    sizes = [n for n in _MAX_BATCH_ROWS if n in row_seconds]
    if not sizes:  # so slow that batches of 64 were not even tried
        return max(row_seconds)
    smallest, *larger = sizes
    worth = (
        n
        for n in larger
        if row_seconds[n] * CHEAPER < row_seconds[smallest] and n * row_seconds[n] <= RUN_SECONDS
    )
    return max(worth, default=smallest)


def _inline_rows(row_seconds: Mapping[int, float]) -> int:
    """Rows that run within the event loop's limit, as far as the measured sizes tell."""
    fitting = [n for n in row_seconds if n * row_seconds[n] <= INLINE_SECONDS]
    return int(INLINE_SECONDS / row_seconds[max(fitting)]) if fitting else 0


def _seconds(session: Measurable, n: int) -> float:
    """The fastest of some runs: the first may still allocate, others meet a busy moment."""
    # Real rows in random order: a tree is faster with noise, and with one row over and over.
    order = np.random.default_rng(n).integers(0, len(session.samples), n)
    batch = session.samples.take(order)
    taken: list[float] = []
    while len(taken) < _REPEATS and (not taken or taken[-1] < _SLOW_RUN):
        started = time.perf_counter()
        session.predict(batch)
        taken.append(time.perf_counter() - started)
    return min(taken)
