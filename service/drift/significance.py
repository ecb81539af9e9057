"""How far two distributions differ, and how surprising that is.

Every p-value here is of one hypothesis; `holm` adjusts those of many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.floating] | NDArray[np.integer]

# The chi-square approximation wants so many expected in each bin (Cochran, 1954).
_LEAST_EXPECTED = 5
# Added to each count, so that an empty bin has a logarithm (Jeffreys' prior).
_HALF = 0.5


def population_stability_index(now: Counts, reference: Counts) -> float:
    """How far the counts of some bins differ from the reference's.

    The symmetric Kullback-Leibler divergence (Jeffreys, 1946) of the shares. In credit scoring,
    which gave it this name, a population below 0.1 is stable, and one above 0.25 has shifted
    (Siddiqi, Credit Risk Scorecards, 2006).
    """
    occupied = now + reference > 0
    now, reference = now[occupied], reference[occupied]
    p, q = ((c + _HALF) / (c.sum() + _HALF * len(c)) for c in (now, reference))
    return float(((p - q) * np.log(p / q)).sum())


def same_distribution(now: Counts, reference: Counts) -> float | None:
    """The p-value of Pearson's chi-square test that both counts have one distribution.

    Bins in which fewer than five are expected are taken together.

    Returns:
        None if there are too few counts for any test.
    """
    now, reference = _pooled(np.asarray(now, np.float64), np.asarray(reference, np.float64))
    if len(now) < 2:
        return None
    a, b = now.sum(), reference.sum()
    difference = math.sqrt(b / a) * now - math.sqrt(a / b) * reference
    statistic = float((difference**2 / (now + reference)).sum())
    return chi_square_tail(statistic, len(now) - 1)


def _pooled(
    now: NDArray[np.float64], reference: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The counts, with the bins that are too small for the test as one at the end."""
    a, b = now.sum(), reference.sum()
    if not a or not b:
        return now[:0], reference[:0]
    occupied = now + reference > 0
    now, reference = now[occupied], reference[occupied]
    expected = (now + reference) * min(a, b) / (a + b)
    order = np.argsort(-expected, kind="stable")
    kept = int((expected >= _LEAST_EXPECTED).sum())
    while kept < len(order) and kept and expected[order[kept:]].sum() < _LEAST_EXPECTED:
        kept -= 1
    large, small = order[:kept], order[kept:]
    if not len(small):
        return now[large], reference[large]
    return (
        np.append(now[large], now[small].sum()),
        np.append(reference[large], reference[small].sum()),
    )


def chi_square_tail(statistic: float, degrees: int) -> float:
    """The probability of a chi-square variable with these degrees of freedom to be so large.

    The sums of Abramowitz and Stegun (1964), 26.4.4 and 26.4.5.
    """
    if statistic <= 0:
        return 1.0
    half = statistic / 2
    odd = degrees % 2
    terms = [
        math.exp(-half + place * math.log(half) - math.lgamma(place + 1))
        for place in (i + odd / 2 for i in range(degrees // 2))
    ]
    return min(1.0, sum(terms) + (math.erfc(math.sqrt(half)) if odd else 0.0))


def share_above(count: int, total: int, limit: float) -> float:
    """An upper bound of the p-value that a share is at most `limit`, from `count` of `total`.

    Chernoff's bound of the binomial tail (Hoeffding, 1963, theorem 1): it never understates the
    p-value, whatever the sizes.
    """
    share = count / total
    if share <= limit:
        return 1.0
    if limit <= 0:
        return 0.0
    return math.exp(-total * _divergence(share, limit))


def share_below(count: int, total: int, limit: float) -> float:
    """The same for the hypothesis that a share is at least `limit`."""
    return share_above(total - count, total, 1 - limit)


def _divergence(share: float, other: float) -> float:
    """Kullback-Leibler divergence of two binary distributions, in nats."""
    found = share * math.log(share / other)
    if share < 1:
        found += (1 - share) * math.log((1 - share) / (1 - other))
    return found


def share_outside(values: int, surprise: float) -> float:
    """The share of new values outside the range of some values, exceeded with a probability.

    Wilks (1941): the share follows a beta distribution with parameters 2 and `values` - 1,
    whatever the distribution of the values.

    Args:
        values: number of values that the range is of.
        surprise: the probability to exceed the share.
    """
    low, high = 0.0, 1.0
    n = values - 1
    for _ in range(50):
        middle = (low + high) / 2
        if n < 1 or (1 - middle) ** n * (1 + n * middle) > surprise:
            low = middle
        else:
            high = middle
    return high


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, adjusted for how many they are (Holm, 1979).

    To call those up to `a` significant is wrong of any with a probability of at most `a`.
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [1.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted
