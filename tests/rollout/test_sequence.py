"""The intervals hold however often one looks, and find what is there."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from service.rollout.sequence import Sums, difference, interval
from service.rollout.tally import Tally, sums_of

LOOKS = 1000
Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Floats]


def prefixes(streams: Floats) -> tuple[Floats, Floats]:
    """Of every prefix of each stream, the total and the deviation, as a tally has them."""
    totals = streams.cumsum(axis=1)
    before = np.concatenate([np.zeros((len(streams), 1)), totals[:, :-1]], axis=1)
    predicted = (before + 0.5) / np.arange(1, streams.shape[1] + 1)
    return totals, ((streams - predicted) ** 2).cumsum(axis=1)


def margins(deviations: Floats, alpha: float) -> Floats:
    """The margin after each observation, computed apart from the code under test."""
    counts = np.arange(1, deviations.shape[1] + 1)
    found = np.full(deviations.shape, np.inf)
    for k in range(12):
        slope = 0.95 / 2**k
        cost = math.log(24 / alpha) + (-math.log(1 - slope) - slope) * deviations
        found = np.minimum(found, cost / (slope * counts))
    return found


def test_the_interval_is_the_formula() -> None:
    streams = np.random.default_rng(0).random((1, 300))
    totals, deviations = prefixes(streams)
    expected = margins(deviations, 0.01)
    for n in (1, 2, 17, 300):
        found = interval(Sums(n, totals[0, n - 1], deviations[0, n - 1]), 0.01)
        mean = totals[0, n - 1] / n
        assert found.value == pytest.approx(mean)
        assert found.low == pytest.approx(max(0, mean - expected[0, n - 1]))
        assert found.high == pytest.approx(min(1, mean + expected[0, n - 1]))


def test_nothing_is_known_of_nothing() -> None:
    assert interval(Sums(0, 0.0, 0.0), 0.05) == (0.5, 0.0, 1.0)


def share(mean: float) -> Draw:
    return lambda rng, shape: (rng.random(shape) < mean).astype(float)


@pytest.mark.parametrize(
    ("draw", "mean"),
    [
        (share(0.01), 0.01),
        (share(0.5), 0.5),
        (share(0.97), 0.97),
        (lambda rng, shape: rng.beta(0.3, 0.7, shape), 0.3),
        (lambda rng, shape: 0.5 + rng.uniform(-0.02, 0.02, shape), 0.5),
    ],
    ids=["rare", "even", "frequent", "spread", "narrow"],
)
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_no_difference_is_found_where_there_is_none(draw: Draw, mean: float, alpha: float) -> None:
    """3,000 streams, looked at after each of 1,000 observations: few of them are ever wrong."""
    streams = draw(np.random.default_rng(1), (3000, LOOKS))
    totals, deviations = prefixes(streams)
    off = np.abs(totals / np.arange(1, LOOKS + 1) - mean) > margins(deviations, alpha)
    assert off.any(axis=1).mean() <= alpha


def test_an_ordinary_interval_would_find_one() -> None:
    """The same look at every moment with the normal 95% interval: why this one is needed."""
    streams = (np.random.default_rng(2).random((3000, LOOKS)) < 0.5).astype(float)
    counts = np.arange(1, LOOKS + 1)
    off = np.abs(streams.cumsum(axis=1) / counts - 0.5) > 1.96 * 0.5 / np.sqrt(counts)
    assert off[:, 30:].any(axis=1).mean() > 0.25


def test_a_difference_is_found() -> None:
    """Of 0.90 and 0.97: nearly always within 2,000 observations of each."""
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(300):
        arms = []
        for share in (0.90, 0.97):
            n = 2000
            totals, deviations = prefixes((rng.random((1, n)) < share).astype(float))
            arms.append(interval(Sums(n, totals[0, -1], deviations[0, -1]), 0.025))
        found += difference(*arms).low > 0
    assert found >= 295


def test_equal_answers_are_sure_soon() -> None:
    """After 1,000 equal answers less than 1% of answers can be different."""
    totals, deviations = prefixes(np.ones((1, 1000)))
    assert interval(Sums(1000, totals[0, -1], deviations[0, -1]), 0.0125).low > 0.99


def test_workers_add_up() -> None:
    """A tally has the sums of the formula, however many come at a time; workers are added up."""
    rng = np.random.default_rng(4)
    values = rng.random((400, 3))
    workers = [np.zeros(Tally.size(4), np.int64) for _ in range(2)]
    tallies = [Tally(own) for own in workers]
    for row in values[::2]:
        tallies[0].add(1, row[None])
    for start in range(0, 200, 40):
        tallies[1].add(1, values[1::2][start : start + 40])
    sums = sums_of(workers[0] + workers[1])
    assert sums[0] == (0, 0.0, 0.0)
    for k in range(3):
        assert sums[1 + k].observations == 400
        assert sums[1 + k].total == pytest.approx(values[:, k].sum(), abs=1e-6)
        expected = sum(prefixes(values[None, w::2, k])[1][0, -1] for w in range(2))
        assert sums[1 + k].deviation == pytest.approx(expected, abs=1e-6)
