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


@dataclass(frozen=True)
class Plan:
    """How one model is batched.

    Attributes:
        cap: most rows of one run; more would not make a row cheaper.
        inline: most rows run on the event loop; more are worth the way to a thread.
        queue: most rows that wait; a request on its own may always wait.
        seconds: longest a request waits before it is given up, its work not done.
    """

    cap: int
    inline: int
    queue: int
    seconds: float


def measure(session: Session, settings: Settings) -> Plan:
    """Time one run of each size on this machine; a few hundred milliseconds in all.

    The cap is never under 16 rows, so that a noisy measurement cannot turn batching off.
    """
    seconds = {n: _seconds(session, n) for n in _SIZES}
    best = min(seconds[n] / n for n in _SIZES)
    cap = min(n for n in _SIZES if (n >= 16 and seconds[n] / n <= best * SLACK) or n == CHUNK)
    inline = max((n for n in _SIZES if seconds[n] <= INLINE_SECONDS), default=0)
    return Plan(cap, max(inline, 1), settings.max_waiting_rows, settings.timeout_seconds)


def _seconds(session: Session, n: int) -> float:
    """The faster of two runs: the first may still allocate."""
    images = np.zeros((n, *session.shape), np.uint8)
    taken = []
    for _ in range(2):
        started = time.perf_counter()
        session.predict(images)
        taken.append(time.perf_counter() - started)
    return min(taken)
