"""How one model is batched, measured when it is loaded."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from service.inference.session import CHUNK, Session
from service.settings import Settings

# A run on the event loop may hold it up for this long; then it is worth the way to a thread.
INLINE_SECONDS = 0.001
# A batch is large enough when a row costs at most this much more than in the best batch.
SLACK = 1.05
_SIZES = (1, 4, 16, 64, CHUNK)
# Smaller caps would cut a usual batch into several runs, each with its way to a thread and back.
_SMALLEST_CAP = 64


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
    def patience(self) -> float:
        """Seconds that a full queue takes: nobody need wait longer when too much comes."""
        return min(self.queue * self.row_seconds, self.seconds)


def measure(session: Session, settings: Settings) -> Plan:
    """Time one run of each size on this machine; a few hundred milliseconds in all.

    The cap is never under 64 rows, so that a noisy measurement cannot turn batching off.
    """
    rows = {n: _seconds(session, n) / n for n in _SIZES}
    best = min(rows.values())
    caps = (n for n in _SIZES if n >= _SMALLEST_CAP and rows[n] <= best * SLACK)
    return Plan(
        cap=min(caps, default=CHUNK),
        inline=max(int(INLINE_SECONDS / max(rows[4], rows[16])), 1),
        queue=settings.max_waiting_rows,
        seconds=settings.timeout_seconds,
        row_seconds=best,
    )


def _seconds(session: Session, n: int) -> float:
    """The faster of two runs: the first may still allocate."""
    images = np.zeros((n, *session.shape), np.uint8)
    taken = []
    for _ in range(2):
        started = time.perf_counter()
        session.predict(images)
        taken.append(time.perf_counter() - started)
    return min(taken)
