"""Histograms of what training saw: bins that hold about as many values each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contract.histogram import BINS, Histogram, histogram_of, shares_of
from contract.seen import CategoryRange

FLOATS = st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=1, max_size=200)


@given(values=FLOATS)
def test_every_value_is_in_one_bin_and_no_bin_is_empty(values: list[float]) -> None:
    found = histogram_of(np.array(values, np.float32))
    assert found is not None
    assert found.values == len(values)
    counts = np.bincount(np.searchsorted(found.edges, values), minlength=len(found.shares))
    assert counts.min() > 0
    np.testing.assert_allclose(counts / len(values), found.shares, atol=1e-6)


def test_bins_of_many_different_values_are_deciles() -> None:
    found = histogram_of(np.random.default_rng(0).normal(size=10_000))
    assert found is not None
    assert found.shares == (0.1,) * BINS


def test_a_frequent_value_takes_several_bins() -> None:
    """9 of 10 values are 0, so there are two bins: up to 0, and above."""
    found = histogram_of(np.array([0.0] * 90 + [1.0] * 5 + [np.nan, np.inf]))
    assert found == Histogram(edges=(0.0,), shares=(0.947368, 0.052632), values=95)
    constant = histogram_of(np.full(7, 3.5))
    assert constant == Histogram(edges=(), shares=(1.0,), values=7)


def test_nothing_finite_has_no_histogram() -> None:
    assert histogram_of(np.array([np.nan, np.inf])) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shares": (0.5, 0.5)}, "shares has 2 entries; it needs one more than the 2 edges"),
        ({"edges": (2.0, 1.0)}, "edges must rise"),
        ({"edges": (1.0, 1.0)}, "edges must rise"),
        ({"shares": (0.5, 0.5, 0.5)}, "shares sum to 1.5; they must sum to 1"),
    ],
)
def test_bins_that_do_not_agree_are_refused(changes: dict[str, Any], message: str) -> None:
    fields: dict[str, Any] = {"edges": (1.0, 2.0), "shares": (0.2, 0.3, 0.5), "values": 10}
    Histogram(**fields)
    with pytest.raises(ValidationError, match=message):
        Histogram(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": None}, "shares and rows must be there together, or neither"),
        ({"shares": (1.0,)}, "shares has 1 entries; it needs one for each of the 2 categories"),
        ({"shares": (0.5, 0.4)}, "shares sum to 0.9; they must sum to 1"),
    ],
)
def test_shares_of_categories_that_do_not_agree_are_refused(
    changes: dict[str, Any], message: str
) -> None:
    fields: dict[str, Any] = {
        "content": "category", "categories": ("a", "b"), "missing": 0.0,
        **shares_of(np.array([3, 1])),
    }  # fmt: skip
    assert CategoryRange(**fields).shares == (0.75, 0.25)
    with pytest.raises(ValidationError, match=message):
        CategoryRange(**(fields | changes))


def test_no_rows_have_no_shares() -> None:
    assert shares_of(np.array([], np.int64)) == {"shares": (), "rows": None}
