"""Figures equal scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from training.fit import scores


def test_figures_of_two_classes() -> None:
    generator = np.random.default_rng(0)
    target = (generator.random(300) < 0.2).astype(np.int64)
    share = np.clip(0.2 + 0.3 * target + generator.normal(0, 0.2, 300), 0.01, 0.99)
    probabilities = np.stack([1 - share, share], axis=1)
    found = scores.classification(probabilities, target, rarest=1)
    assert found.values["log_loss"] == pytest.approx(metrics.log_loss(target, share))
    assert found.values["accuracy"] == metrics.accuracy_score(target, share > 0.5)
    assert found.values["auc"] == pytest.approx(metrics.roc_auc_score(target, share))
    assert found.values["average_precision"] == pytest.approx(
        metrics.average_precision_score(target, share)
    )
    assert found.losses.mean() == pytest.approx(found.values["log_loss"])


def test_average_precision_is_of_the_rarer_class() -> None:
    target = np.array([1] * 9 + [0])
    probabilities = np.stack([1 - np.linspace(0.9, 0.1, 10), np.linspace(0.9, 0.1, 10)], axis=1)
    assert scores.classification(probabilities, target, rarest=0).values["average_precision"] == 1.0


def test_ranking_is_left_out_where_a_class_is_absent() -> None:
    found = scores.classification(np.full((4, 3), 1 / 3), np.array([0, 0, 1, 1]))
    assert set(found.values) == {"log_loss", "accuracy", "calibration_error"}


def test_a_certain_wrong_answer_costs_no_infinity() -> None:
    found = scores.classification(np.array([[1.0, 0.0]]), np.array([1]))
    assert found.values["log_loss"] == pytest.approx(-np.log(scores.SMALLEST))


def test_figures_of_a_regression() -> None:
    target, values = np.array([1.0, 2.0, 3.0, 4.0]), np.array([[1.5], [2.0], [2.5], [4.0]])
    found = scores.regression(values, target, half_width=0.4).values
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(target, values[:, 0]))
    assert found["mae"] == 0.25
    assert found["r2"] == pytest.approx(metrics.r2_score(target, values[:, 0]))
    assert found["coverage"] == 0.5
