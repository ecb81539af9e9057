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
# A larger run than the smallest must make a row so much cheaper, and not take longer than this: who
# comes next waits for all of it.
SLACK = 1.1
RUN_SECONDS = 0.01
# Smaller caps would cut a usual batch into several runs, each with its way to a thread and back.
_CAPS = (64, CHUNK)
_SIZES = (1, 4, 16, *_CAPS)
_REPEATS = 5


@dataclass(frozen=True)
class Plan:
    """How one model is batched.

    Attributes:
        cap: most rows of one run; more would not make a row cheaper.
        inline: most rows run on the event loop; more are worth the way to a thread.
        queue: most rows that wait; a request on its own may always wait.
        seconds: longest a request waits before it is given up, its work not done.
        row_seconds: what a row of a large batch takes.
    """

    cap: int
    inline: int
    queue: int
    seconds: float
    row_seconds: float = 1e-4

    @property
    def run_seconds(self) -> float:
        """What the largest run takes."""
        return self.cap * self.row_seconds

    @property
    def full_seconds(self) -> float:
        """What a full queue takes."""
        return self.queue * self.row_seconds


def measure(session: Session, settings: Settings) -> Plan:
    """Time runs of each size on this machine; a few hundred milliseconds in all."""
    rows = {n: _seconds(session, n) / n for n in _SIZES}
    best = min(rows.values())
    return Plan(
        cap=_cap(rows, best),
        inline=max(int(INLINE_SECONDS / max(rows[4], rows[16])), 1),
        queue=settings.max_waiting_rows,
        seconds=settings.timeout_seconds,
        row_seconds=best,
    )


def _cap(rows: Mapping[int, float], best: float) -> int:
    """The smallest cap that makes rows cheap; `rows` are the seconds of one in a run of a size."""
    smallest, *larger = _CAPS
    if rows[smallest] <= best * SLACK:
        return smallest
    return max((n for n in larger if n * rows[n] <= RUN_SECONDS), default=smallest)


def _seconds(session: Session, n: int) -> float:
    """The fastest of some runs: the first may still allocate, the others meet a busy moment."""
    # Noise, for a tree that is asked one thing over and over is faster than it is.
    images = np.random.default_rng(n).integers(0, 256, (n, *session.shape), np.uint8)
    taken = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        session.predict(images)
        taken.append(time.perf_counter() - started)
    return min(taken)
