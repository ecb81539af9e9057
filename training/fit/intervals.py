"""Paired differences between two candidates over the same test rows, with 95% intervals.

Over five splits and more the variance is that of Nadeau and Bengio (2003), which allows for the
training rows that the splits share; with fewer, that of the differences between groups of rows
that the user named (Liang and Zeger, 1986), or between single rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
LEAST_SPLITS = 5


@dataclass(frozen=True)
class Difference:
    """mean: first minus second; low, high: the interval."""

    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """True if the interval does not hold zero."""
        return self.low > 0 or self.high < 0


def over_splits(differences: Sequence[float], test_share: float) -> Difference:
    """The interval of the mean over splits.

    Args:
        differences: one per split, at least two.
        test_share: test rows over training rows.
    """
    values = np.asarray(differences, np.float64)
    n = len(values)
    spread = float(values.std(ddof=1) * np.sqrt(1 / n + test_share))
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1)) * spread
    mean = float(values.mean())
    return Difference(mean, mean - reach, mean + reach)


def over_rows(
    differences: NDArray[np.float64], groups: NDArray[np.int64], scale: float = 1.0
) -> Difference:
    """The interval of the mean over rows, times `scale`.

    Args:
        differences: one per row.
        groups: equal for rows that belong together, such as those of one patient: they count as
            one draw. Of a single group nothing is clear.
    """
    mean = float(differences.mean())
    error, groups_seen = clustered_error(differences, groups)
    if groups_seen > 1:
        reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, groups_seen - 1)) * error
    else:
        reach = float(np.abs(differences).max())
    low, high = sorted(((mean - reach) * scale, (mean + reach) * scale))
    return Difference(mean * scale, low, high)


def clustered_error(values: NDArray[np.float64], groups: NDArray[np.int64]) -> tuple[float, int]:
    """The standard error of the mean of rows that come in groups, and the number of groups.

    0 for a single group, which tells nothing of others.
    """
    _, place = np.unique(groups, return_inverse=True)
    sums = np.bincount(place, weights=values - values.mean())
    n = len(sums)
    if n < 2:
        return 0.0, n
    return float(np.sqrt((sums**2).sum() * n / (n - 1))) / len(values), n
