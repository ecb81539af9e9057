"""Intervals for means that hold at every moment at once, so that anybody may look at any time.

An ordinary confidence interval holds at one moment that was chosen before. Looking again and again
and stopping at the first difference finds one sooner or later where there is none. A confidence
sequence is a series of intervals that all contain the mean at once with probability 1 - alpha.

This is the empirical Bernstein sequence of Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform,
nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49(2), 2021, theorem 4: for
observations X in [0, 1], predictions P of each made from those before it, and 0 <= s < 1,

    exp(s * sum(X - mean) - (-log(1 - s) - s) * sum((X - P)^2))

is a supermartingale (Fan, Grama and Liu, "Exponential inequalities for martingales with
applications", Electronic Journal of Probability 20, 2015). By Ville's inequality it ever exceeds
1 / a with probability a at most. Each slope s gives a bound; the best of a dozen is taken, each at
its part of alpha. Neither a distribution nor independence is assumed, only that the mean of each
observation, given all before it, is what is estimated; if that changes, its average is. Three sums
are all that is needed, so those of several workers are added up.
"""

from __future__ import annotations

import math
from typing import NamedTuple

# Each half of the one before: from a few observations to tens of millions.
_SLOPES = tuple(0.95 / 2**k for k in range(12))


class Interval(NamedTuple):
    """An estimate and its bounds."""

    value: float
    low: float
    high: float


class Sums(NamedTuple):
    """What is known of observations in [0, 1].

    Attributes:
        observations: how many there are.
        total: their sum.
        deviation: the sum of squared differences from what was predicted of each.
    """

    observations: int
    total: float
    deviation: float


def interval(sums: Sums, alpha: float) -> Interval:
    """The mean with bounds within [0, 1], wrong at any time with probability `alpha` at most."""
    if sums.observations == 0:
        return Interval(0.5, 0.0, 1.0)
    mean = sums.total / sums.observations
    margin = _margin(sums, alpha)
    return Interval(mean, max(0.0, mean - margin), min(1.0, mean + margin))


def difference(stable: Interval, candidate: Interval) -> Interval:
    """The candidate's mean minus the stable version's; wrong only if one of the two is."""
    return Interval(
        candidate.value - stable.value,
        candidate.low - stable.high,
        candidate.high - stable.low,
    )


def _margin(sums: Sums, alpha: float) -> float:
    evidence = math.log(2 * len(_SLOPES) / alpha)  # two sides
    margins = (
        (evidence + (-math.log1p(-slope) - slope) * sums.deviation) / (slope * sums.observations)
        for slope in _SLOPES
    )
    return float(min(margins))
