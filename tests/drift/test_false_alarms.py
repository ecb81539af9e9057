"""How often rows like training's are called drift, and how soon other rows are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from contract.histogram import Histogram, histogram_of
from contract.seen import Range
from service.drift.fields import SURPRISE, CategoryField, NumberField
from service.drift.significance import same_distribution, share_outside
from service.drift.sources import MISSING
from service.drift.tally import Tally
from service.drift.verdict import judge

WINDOWS = 1000
SHAPES = ("normal", "lognormal", "uniform", "integers")
PROBABILITIES = (0.55, 0.3, 0.1, 0.04, 0.01)


def draw(rng: np.random.Generator, shape: str, n: int) -> NDArray[np.float64]:
    """Numbers as columns have them."""
    if shape == "integers":
        return rng.poisson(1.5, n).astype(np.float64)
    if shape == "uniform":
        return rng.random(n)
    return rng.normal(size=n) if shape == "normal" else rng.lognormal(size=n)


def field(shape: str, values: NDArray[np.float64], missing: float) -> NumberField:
    histogram = histogram_of(values)
    assert histogram is not None
    return NumberField(
        shape,
        "number",
        seen=Range(low=float(values.min()), high=float(values.max())),
        missing=missing,
        histogram=histogram,
        edges=histogram.edges,
        tolerated=max(0.01, share_outside(len(values), SURPRISE / 100)),
    )


def trained(rng: np.random.Generator, n: int) -> Tally:
    """Four columns of numbers, one in ten missing, and a category."""
    numbers = []
    for shape in SHAPES:
        there = rng.random(n) >= 0.1
        numbers.append(field(shape, draw(rng, shape, n)[there], float(1 - there.mean())))
    counts = rng.multinomial(n, PROBABILITIES)
    names = tuple("abcde")
    category = CategoryField(
        "letter",
        "category",
        names,
        {name: i for i, name in enumerate(names)},
        reference=(*counts.tolist(), 0.0),
        missing=0.0,
    )
    return Tally(numbers, [category])


def window(rng: np.random.Generator, tally: Tally, n: int) -> Any:
    numbers = np.column_stack([draw(rng, shape, n) for shape in SHAPES])
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    codes = rng.choice(5, (n, 1), p=PROBABILITIES)
    return tally.count(numbers, codes)


@pytest.mark.thorough
@pytest.mark.parametrize(("train", "rows"), [(200, 150), (1000, 100), (1000, 1000), (5000, 3000)])
def test_rows_like_trainings_are_hardly_ever_called_drift(train: int, rows: int) -> None:
    """A thousand models with a window each: at the stated rate one false alarm is expected."""
    rng = np.random.default_rng(train + rows)
    alarms = 0
    for _ in range(WINDOWS):
        tally = trained(rng, train)
        found = judge(tally, window(rng, tally, rows))
        alarms += any(finding.status == "drifting" for finding in found.values())
    most = stats.binom.isf(1e-4, WINDOWS, SURPRISE)
    assert alarms <= most


def test_the_test_of_a_distribution_errs_as_often_as_it_says() -> None:
    """Training's deciles are of a sample too, which the test knows."""
    rng = np.random.default_rng(7)
    p_values = []
    for _ in range(4000):
        histogram = histogram_of(rng.normal(size=500))
        assert isinstance(histogram, Histogram)
        bins = np.searchsorted(histogram.edges, rng.normal(size=300))
        now = np.bincount(bins, minlength=len(histogram.shares))
        reference = np.array(histogram.shares) * histogram.values
        p_values.append(same_distribution(now, reference))
    found = np.array(p_values, np.float64)
    for level in (0.5, 0.1, 0.05, 0.01):
        allowed = stats.binom.isf(1e-4, len(found), level) / len(found)
        assert (found <= level).mean() <= allowed


@pytest.mark.parametrize("shift", [0.6, 1.0])
def test_a_shifted_column_is_found_and_no_other(shift: float) -> None:
    """In at least 95 of 100 windows of 500 rows."""
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(100):
        tally = trained(rng, 2000)
        numbers = np.column_stack([draw(rng, shape, 500) for shape in SHAPES])
        numbers[rng.random(numbers.shape) < 0.1] = np.nan
        numbers[:, 0] += shift
        found = judge(tally, tally.count(numbers, rng.choice(5, (500, 1), p=PROBABILITIES)))
        drifting = {f.name for f in found.values() if f.status == "drifting"}
        assert drifting <= {"normal"}
        hits += drifting == {"normal"}
    assert hits >= 95


def test_a_small_difference_is_none_however_many_rows_there_are() -> None:
    rng = np.random.default_rng(4)
    tally = trained(rng, 50_000)
    numbers = np.column_stack([draw(rng, shape, 500_000) for shape in SHAPES])
    numbers[rng.random(numbers.shape) < 0.11] = np.nan
    numbers[:, 0] += 0.1
    codes = rng.choice(5, (500_000, 1), p=PROBABILITIES)
    codes[rng.random(500_000) < 0.01] = MISSING
    found = judge(tally, tally.count(numbers, codes))
    assert {f.status for f in found.values()} == {"ok"}
    p = [check.p for f in found.values() for check in f.checks]
    assert min(p) < 1e-9  # it is real
