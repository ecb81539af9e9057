"""Counts since the server started, and those of the last hour, over all workers.

Each worker adds to a file of its own (`service.protocol.counters`), so that its counts survive it.
A file holds blocks of one layout: the first counts for ever, the others are a ring of buckets of
five minutes each. Every block begins with its stamp: the time at which it began.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.drift.tally import Tallied
from service.protocol.counters import Counters

BUCKETS = 12
BUCKET_SECONDS = 300


class Window(NamedTuple):
    """Counts of a time, and the seconds from its first bucket until now; 0 if there were none."""

    counted: Tallied
    seconds: float


def size_of(cells: int) -> int:
    """Counters that blocks of so many cells need."""
    return (1 + BUCKETS) * (1 + cells)


class Windows:
    """The blocks of one model version.

    Args:
        counters: as many as `size_of` says.
        cells: counts in a block.
        clock: seconds since 1970.
    """

    def __init__(
        self, counters: Counters, cells: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._counters = counters
        self._cells = cells
        self._clock = clock
        self._own = np.frombuffer(counters.own, np.int64).reshape(1 + BUCKETS, 1 + cells)

    def add(self, counted: Tallied) -> None:
        """Add the counts of some rows."""
        now = int(self._clock())
        if self._own[0, 0] == 0:
            self._own[0, 0] = now
        self._own[0, 1:] += counted
        began = now - now % BUCKET_SECONDS
        block = self._own[1 + began // BUCKET_SECONDS % BUCKETS]
        if block[0] != began:  # of an earlier round
            block[:] = 0
            block[0] = began
        block[1:] += counted

    def since_start(self) -> Window:
        """All counts."""
        return self._window(self._blocks()[:, 0])

    def recent(self) -> Window:
        """The counts of the last hour: of this bucket and the eleven before it."""
        now = int(self._clock())
        blocks = self._blocks()[:, 1:].reshape(-1, 1 + self._cells)
        oldest = now - now % BUCKET_SECONDS - (BUCKETS - 1) * BUCKET_SECONDS
        return self._window(blocks[blocks[:, 0] >= oldest])

    def _blocks(self) -> NDArray[np.int64]:
        return self._counters.all().reshape(-1, 1 + BUCKETS, 1 + self._cells)

    def _window(self, blocks: NDArray[np.int64]) -> Window:
        used = blocks[blocks[:, 0] > 0]
        if not len(used):
            return Window(np.zeros(self._cells, np.int64), 0.0)
        began = float(used[:, 0].min())
        return Window(used[:, 1:].sum(axis=0), max(0.0, self._clock() - began))
