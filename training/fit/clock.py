"""The budget in seconds."""

from __future__ import annotations

import time


class Clock:
    """Counts down from a budget."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self._started = time.perf_counter()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started

    @property
    def left(self) -> float:
        """Seconds left; 0 if there are none."""
        return max(0.0, self.budget - self.elapsed)
