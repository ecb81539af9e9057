"""Intervals of paired differences cover what they say."""

from __future__ import annotations

import numpy as np
import pytest

from training.fit.intervals import Difference, over_rows, over_splits

SINGLE = np.arange(100)


def test_over_splits_is_the_corrected_resampled_t_test() -> None:
    found = over_splits([0.1, 0.2, 0.3], test_share=0.25)
    # t(0.975, 2) = 4.3027; s = 0.1; s * sqrt(1/3 + 1/4) = 0.076376
    assert found.mean == pytest.approx(0.2)
    assert found.high - found.mean == pytest.approx(4.3027 * 0.076376, rel=1e-4)
    assert not found.is_clear


def test_over_rows_covers_the_mean_in_19_of_20_cases() -> None:
    generator = np.random.default_rng(0)
    held = [
        (found := over_rows(generator.normal(1, 2, 100), SINGLE)).low < 1 < found.high
        for _ in range(400)
    ]
    assert 0.92 <= np.mean(held) <= 0.98


def test_a_negative_scale_keeps_the_ends_in_order() -> None:
    found = over_rows(np.array([1.0, 2.0, 3.0]), SINGLE[:3], -1.0)
    assert found.low < found.mean < found.high


def test_clear_is_on_one_side_of_zero() -> None:
    assert Difference(1, 0.5, 1.5).is_clear
    assert Difference(-1, -1.5, -0.5).is_clear
    assert not Difference(0.1, -0.1, 0.3).is_clear


def test_rows_of_one_patient_count_as_one_draw() -> None:
    generator = np.random.default_rng(0)
    patients = np.repeat(np.arange(40), 10)
    held, narrow = [], []
    for _ in range(300):
        rows = generator.normal(1, 2, 40)[patients] + generator.normal(0, 0.5, 400)
        found = over_rows(rows, patients)
        held.append(found.low < 1 < found.high)
        alone = over_rows(rows, np.arange(400))
        narrow.append(alone.low < 1 < alone.high)
    assert 0.92 <= np.mean(held) <= 0.98
    assert np.mean(narrow) < 0.6


def test_a_single_group_makes_nothing_clear() -> None:
    assert not over_rows(np.array([1.0, 1.1, 0.9]), np.zeros(3, np.int64)).is_clear
