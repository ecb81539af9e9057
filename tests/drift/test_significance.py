"""Tests and indexes of distributions, against SciPy's and the literature's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from service.drift.significance import (
    chi_square_tail,
    holm,
    population_stability_index,
    same_distribution,
    share_above,
    share_below,
    share_outside,
)

COUNTS = st.lists(st.integers(5, 5000), min_size=2, max_size=20)


@pytest.mark.parametrize("degrees", [1, 2, 3, 8, 9, 20, 101])
@pytest.mark.parametrize("statistic", [0.0, 1e-9, 0.5, 3.84, 27.9, 250.0, 5000.0])
def test_the_chi_square_tail_is_scipys(degrees: int, statistic: float) -> None:
    expected = stats.chi2.sf(statistic, degrees)
    assert chi_square_tail(statistic, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_a_tail_of_a_very_large_statistic_is_nothing() -> None:
    assert chi_square_tail(1e15, 100) == 0


@given(counts=st.lists(st.tuples(st.integers(40, 900), st.integers(40, 900)), min_size=2))
def test_two_samples_are_compared_as_scipy_does(counts: list[tuple[int, int]]) -> None:
    now, reference = np.array(counts).T
    if min((now + reference) * min(now.sum(), reference.sum()) / (now + reference).sum()) < 5:
        return  # some bins are taken together
    expected = stats.chi2_contingency([now, reference], correction=False).pvalue
    assert same_distribution(now, reference) == pytest.approx(expected, rel=1e-6, abs=1e-280)


def test_small_bins_are_compared_together() -> None:
    now, reference = np.array([500, 480, 2, 1, 0, 0]), np.array([1000, 980, 5, 4, 3, 0])
    together = same_distribution(np.array([500, 480, 3]), np.array([1000, 980, 12]))
    assert same_distribution(now, reference) == together


@pytest.mark.parametrize(
    ("now", "reference"), [([3, 1], [1, 4]), ([0, 0], [9, 9]), ([100, 0], [300, 0]), ([50], [50])]
)
def test_too_few_counts_have_no_test(now: list[int], reference: list[int]) -> None:
    assert same_distribution(np.array(now), np.array(reference)) is None


@given(now=COUNTS, seed=st.integers(0, 99))
def test_the_index_is_a_divergence(now: list[int], seed: int) -> None:
    counts = np.array(now)
    other = np.random.default_rng(seed).permutation(counts)
    assert population_stability_index(counts, counts) == 0
    there = population_stability_index(counts, other)
    assert there >= 0
    assert there == pytest.approx(population_stability_index(other, counts))


def test_the_index_of_shifted_normals_is_the_square_of_the_shift() -> None:
    """Jeffreys' divergence of two normals with standard deviation 1; deciles lose some of it."""
    rng = np.random.default_rng(0)
    edges = stats.norm.ppf(np.arange(1, 10) / 10)
    for shift in (0.0, 0.3, 0.5, 1.0):
        now, reference = (
            np.bincount(np.searchsorted(edges, rng.normal(mean, 1, 10**6)), minlength=10)
            for mean in (shift, 0)
        )
        found = population_stability_index(now, reference)
        assert 0.85 * shift**2 - 1e-4 <= found <= shift**2 + 1e-4


@given(total=st.integers(1, 10**6), share=st.floats(0, 1), limit=st.floats(0.001, 0.999))
def test_a_bound_is_never_below_the_p_value(total: int, share: float, limit: float) -> None:
    count = round(total * share)
    exact = stats.binom.sf(count - 1, total, limit)
    assert share_above(count, total, limit) >= min(exact, 1) * (1 - 1e-9)
    exact = stats.binom.cdf(count, total, limit)
    assert share_below(count, total, limit) >= min(exact, 1) * (1 - 1e-6)


def test_a_bound_still_finds_what_is_there() -> None:
    assert share_above(10, 100, 0.01) < 1e-6
    assert share_below(0, 100, 0.2) < 1e-9
    assert share_above(1, 100, 0.0) == 0
    assert share_above(0, 100, 0.0) == 1


@pytest.mark.parametrize("values", [2, 3, 10, 100, 55_000])
def test_the_share_outside_a_range_is_a_beta_distributions(values: int) -> None:
    expected = stats.beta.isf(1e-5, 2, values - 1)
    assert share_outside(values, 1e-5) == pytest.approx(expected, rel=1e-6)


def test_one_value_has_no_range() -> None:
    assert share_outside(1, 1e-5) == 1


def test_holm_multiplies_by_what_is_left() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
