"""Calibration and metrics against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training import metrics
from training.calibration import fit_temperature, log_loss, probabilities


def test_the_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 10)) * 2
    shares = probabilities(logits)
    labels = np.array([rng.choice(10, p=p) for p in shares])
    assert fit_temperature(logits * 7, labels) == pytest.approx(7, rel=0.05)
    assert fit_temperature(logits / 50, labels) == pytest.approx(1 / 50, rel=0.05)


def test_log_loss_of_ignorance_is_log_of_classes() -> None:
    assert log_loss(np.zeros((5, 10)), np.arange(5)) == pytest.approx(np.log(10))


def test_wilson_interval() -> None:
    # Newcombe (1998), table I, method 3: 81 of 263.
    interval = metrics.wilson(81, 263)
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.2553, 0.3662)


def test_calibration_error_of_two_bins() -> None:
    shares = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    truth = np.array([0, 0, 0, 1])
    # Confidence 0.9 is always right, confidence 0.6 half of the time: (2*0.1 + 2*0.1) / 4.
    assert metrics.expected_calibration_error(shares, truth) == pytest.approx(0.1)


def test_certainty_falls_into_the_last_bin() -> None:
    assert metrics.expected_calibration_error(np.eye(3), np.arange(3)) == 0


def test_per_class_counts() -> None:
    first, second, third = metrics.per_class(
        np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), ("a", "b", "c")
    )
    assert (first.precision, first.recall, first.support) == (0.5, 1.0, 1)
    assert (second.precision, second.recall, second.support) == (1.0, 2 / 3, 3)
    assert (third.precision, third.recall, third.support) == (0.0, 0.0, 0)
