"""Sums of observations in [0, 1], over all workers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.rollout.sequence import Sums

# Sums are kept as integers of this unit: nine thousand million observations fit.
_UNIT = 1_000_000_000

Counts = NDArray[np.int64]


class Tally:
    """The sums of several quantities that are observed together or one by one.

    Args:
        own: int64 [3 * quantities], this worker's counters: how many observations, their sums, and
            their squared differences from what was predicted.
    """

    def __init__(self, own: Counts) -> None:
        self._counts, self._totals, self._deviations = own.reshape(3, -1)

    @staticmethod
    def size(quantities: int) -> int:
        """Counters that it takes."""
        return 3 * quantities

    def add(self, first: int, values: NDArray[np.float64]) -> None:
        """Add observations of the quantities from number `first` on.

        Each is predicted by the mean of those before it and of one half.

        Args:
            values: float64 [observations, quantities] in [0, 1], in the order of time.
        """
        part = slice(first, first + values.shape[1])
        counts, totals = self._counts[part], self._totals[part]
        places = np.arange(1, len(values) + 1)[:, None]
        before = totals / _UNIT + values.cumsum(axis=0) - values
        deviations = (values - (before + 0.5) / (counts + places)) ** 2
        # Rounded up, so that intervals are not too narrow.
        self._deviations[part] += np.ceil(deviations.sum(axis=0) * _UNIT).astype(np.int64)
        totals += np.rint(values.sum(axis=0) * _UNIT).astype(np.int64)
        counts += len(values)


def sums_of(counted: Counts) -> list[Sums]:
    """The sums of each quantity, from the counters of a tally that all workers' are added to."""
    counts, totals, deviations = counted.reshape(3, -1)
    return [
        Sums(int(n), total / _UNIT, deviation / _UNIT)
        for n, total, deviation in zip(counts, totals, deviations, strict=True)
    ]
