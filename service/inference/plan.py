"""How one model is batched, measured when it is loaded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.inference.session import CHUNK, Session
from service.settings import Settings

# A run on the event loop may hold it up for this long; then it is worth the way to a thread.
INLINE_SECONDS = 0.001
# A larger cap than the smallest must make a row so much cheaper, and a run not longer than this:
# who comes next waits for all of it.
CHEAPER = 1.1
RUN_SECONDS = 0.01
# Smaller caps would cut a usual batch into several runs, each with its way to a thread and back.
_CAPS = (64, CHUNK)
_SIZES = (1, 4, 16, *_CAPS)
_REPEATS = 5
# What a turn of a busy event loop takes, and some of them: a model that is faster than HTTP does
# not make a burst shorter than it takes to read.
_LEAST_RUN, _LEAST_FULL = 0.005, 0.1


@dataclass(frozen=True)
class Plan:
    """How one model is batched.

    Attributes:
        cap: most rows of one run; more would not make a row cheaper.
        inline: most rows run on the event loop; more are worth the way to a thread.
        queue: most rows that wait; a request on its own may always wait.
        seconds: longest a request waits before it is given up, its work not done.
        row_seconds: what a row takes in a run of `cap` rows.
    """

    cap: int
    inline: int
    queue: int
    seconds: float
    row_seconds: float

    @property
    def run_seconds(self) -> float:
        """What the largest run takes, the event loop's turn around it included."""
        return max(self.cap * self.row_seconds, _LEAST_RUN)

    @property
    def full_seconds(self) -> float:
        """What a full queue takes, the reading of its requests included."""
        return max(self.queue * self.row_seconds, _LEAST_FULL)


def measure(session: Session, settings: Settings) -> Plan:
    """Time runs of each size on this machine; a few hundred milliseconds in all."""
    rows = {n: _seconds(session, n) / n for n in _SIZES}
    cap = _cap(rows)
    return Plan(
        cap=cap,
        inline=_inline(rows),
        queue=settings.max_waiting_rows,
        seconds=settings.timeout_seconds,
        row_seconds=rows[cap],
    )


def _cap(rows: Mapping[int, float]) -> int:
    """The smallest cap that makes rows cheap; `rows` are the seconds of one in a run of a size."""
    smallest, *larger = _CAPS
    worth = (n for n in larger if rows[n] * CHEAPER < rows[smallest] and n * rows[n] <= RUN_SECONDS)
    return max(worth, default=smallest)


def _inline(rows: Mapping[int, float]) -> int:
    """Rows that run within the time of the event loop, as far as the sizes measured tell."""
    within = [n for n in rows if n * rows[n] <= INLINE_SECONDS]
    return int(INLINE_SECONDS / rows[max(within)]) if within else 0


def _seconds(session: Session, n: int) -> float:
    """The fastest of some runs: the first may still allocate, the others meet a busy moment."""
    # Real images in random order: a tree is faster with noise, and with one image over and over.
    order = np.random.default_rng(n).integers(0, len(session.samples), n)
    images = session.samples[order]
    taken = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        session.predict(images)
        taken.append(time.perf_counter() - started)
    return min(taken)
