"""Figures of predictions on test rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from training.fit.candidate import Scores
from training.metrics import expected_calibration_error

# Below it a probability counts as this much, so that one row cannot make the loss infinite.
SMALLEST = 1e-7


@dataclass(frozen=True)
class Metric:
    """A figure: its name, its unit in words, and which way is better."""

    name: str
    title: str
    higher_is_better: bool


ACCURACY = Metric("accuracy", "accuracy", True)
LOG_LOSS = Metric("log_loss", "log loss", False)
AUC = Metric("auc", "AUC", True)
AVERAGE_PRECISION = Metric("average_precision", "average precision", True)
CALIBRATION = Metric("calibration_error", "calibration error", False)
RMSE = Metric("rmse", "RMSE", False)
MAE = Metric("mae", "MAE", False)
R2 = Metric("r2", "R2", True)
COVERAGE = Metric("coverage", "coverage", True)
CLASSIFICATION = (LOG_LOSS, ACCURACY, AUC, AVERAGE_PRECISION, CALIBRATION)
REGRESSION = (RMSE, MAE, R2, COVERAGE)


@dataclass(frozen=True, eq=False)
class Figures:
    """The figures of one split, and the losses of its rows.

    values: by name of the metric; without AUC and average precision where a class is absent.
    losses: float64 [rows], log losses or squared errors. wrong: float64 [rows], 1.0 for a wrong
    label, or absolute errors.
    """

    values: dict[str, float]
    losses: NDArray[np.float64]
    wrong: NDArray[np.float64]


def classification(probabilities: Scores, target: NDArray[np.int64], rarest: int = 0) -> Figures:
    """Figures of probabilities [n, classes] for classes [n].

    Args:
        rarest: of two classes, the one whose average precision is told.
    """
    n, classes = probabilities.shape
    own = np.clip(probabilities[np.arange(n), target], SMALLEST, 1.0)
    losses = -np.log(own)
    wrong = (probabilities.argmax(axis=1) != target).astype(np.float64)
    values = {
        LOG_LOSS.name: float(losses.mean()),
        ACCURACY.name: float(1 - wrong.mean()),
        CALIBRATION.name: expected_calibration_error(probabilities, target),
    }
    if len(np.unique(target)) == classes:
        values |= _ranking(probabilities, target, rarest)
    return Figures(values, losses, wrong)


def _ranking(probabilities: Scores, target: NDArray[np.int64], rarest: int) -> dict[str, float]:
    """AUC and average precision: of the rarer of two classes, or the mean over the classes."""
    classes = probabilities.shape[1]
    chosen = [rarest] if classes == 2 else list(range(classes))

    def mean(figure: Callable[..., Any]) -> float:
        return float(np.mean([figure(target == k, probabilities[:, k]) for k in chosen]))

    return {
        AUC.name: mean(roc_auc_score),
        AVERAGE_PRECISION.name: mean(average_precision_score),
    }


def regression(
    values: Scores, target: NDArray[np.float64], half_width: float | None = None
) -> Figures:
    """Figures of values [n, 1]; coverage of the interval around them, if there is one."""
    errors = values[:, 0] - target
    squared, absolute = errors**2, np.abs(errors)
    spread = float(np.sum((target - target.mean()) ** 2))
    found = {
        RMSE.name: float(np.sqrt(squared.mean())),
        MAE.name: float(absolute.mean()),
        R2.name: float(1 - squared.sum() / spread) if spread else 0.0,
    }
    if half_width is not None:
        found[COVERAGE.name] = float((absolute <= half_width).mean())
    return Figures(found, squared, absolute)
