"""Rows that belong together are on one side of every split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.errors import FitError
from training.fit.splits import FOLDS, REPETITIONS, Split, by_groups, by_time


def parts(split: Split) -> list[np.ndarray]:
    return [split.train, split.validation, split.test]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=60, max_size=200),
    st.integers(0, 5),
    st.booleans(),
)
def test_groups_are_whole_and_all_rows_are_used(
    groups: list[int], seed: int, discrete: bool
) -> None:
    group = np.array(groups)
    target = (np.arange(len(group)) % 3).astype(np.int64)
    found = list(by_groups(group, target, seed, discrete=discrete))
    assert len(found) == FOLDS * REPETITIONS
    for split in found:
        rows = np.concatenate(parts(split))
        assert sorted(rows) == list(range(len(group)))
        sides = [set(group[part]) for part in parts(split)]
        assert not sides[0] & sides[1]
        assert not sides[0] & sides[2]
        assert not sides[1] & sides[2]
    # One repetition tests every row once.
    tested = np.concatenate([split.test for split in found[:FOLDS]])
    assert sorted(tested) == list(range(len(group)))


def test_classes_have_their_shares_in_every_part() -> None:
    target = (np.arange(1_000) % 20 == 0).astype(np.int64)
    for split in list(by_groups(np.arange(1_000), target, 0, discrete=True))[:FOLDS]:
        assert [round(float(target[part].mean()), 2) for part in parts(split)] == [0.05] * 3
        assert len(split.test) == 200


def test_a_numeric_target_is_spread_over_the_parts() -> None:
    target = np.arange(1_000.0) ** 2
    for split in list(by_groups(np.arange(1_000), target, 0, discrete=False))[:FOLDS]:
        assert abs(np.median(target[split.test]) / np.median(target) - 1) < 0.1


def test_large_groups_leave_the_folds_of_about_equal_size() -> None:
    group = np.concatenate([np.full(120, 0), np.full(80, 1), np.repeat(np.arange(2, 42), 10)])
    for split in list(by_groups(group, np.zeros(600, np.int64), 1, discrete=True))[:FOLDS]:
        assert 110 <= len(split.test) <= 130


def test_test_rows_are_later_and_equal_times_are_on_one_side() -> None:
    time = np.repeat(np.arange(100.0), 5)[np.random.default_rng(0).permutation(500)]
    found = list(by_time(time, np.arange(500)))
    assert len(found) == 4
    assert time[found[0].test].max() == 99
    for split in found:
        assert time[split.train].max() < time[split.validation].min()
        assert time[split.validation].max() < time[split.test].min()
    tested = np.concatenate([split.test for split in found])
    assert len(np.unique(tested)) == len(tested)


def test_a_training_row_that_equals_a_later_test_row_is_left_out() -> None:
    time, twins = np.arange(200.0), np.arange(200)
    twins[3] = twins[199]
    first = next(by_time(time, twins))
    assert 199 in first.test
    assert 3 not in first.train


def test_no_group_is_in_two_parts_of_a_split_by_time() -> None:
    generator = np.random.default_rng(0)
    groups = generator.integers(0, 150, 600)  # of the latest rows some groups are new
    groups[400:] += 100
    for split in by_time(np.arange(600.0), groups):
        train, validation, test = (set(groups[part]) for part in parts(split))
        assert not train & validation
        assert not train & test
        assert not validation & test


def test_a_time_column_of_two_values_is_refused() -> None:
    with pytest.raises(FitError, match="too few different values"):
        next(by_time(np.repeat([0.0, 1.0], 100), np.arange(200)))
