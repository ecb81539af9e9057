"""Metrics of classifiers, as records of the manifest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support

from contract.records import ClassMetrics, Interval

BINS = 15


def accuracy(labels: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Share of right labels."""
    return float(np.mean(labels == truth))


def wilson(correct: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval (1927) of a share."""
    interval = binomtest(correct, n).proportion_ci(confidence_level=level, method="wilson")
    return Interval(
        low=float(interval.low), high=float(interval.high), level=level, method="wilson"
    )


def per_class(
    labels: NDArray[np.int64], truth: NDArray[np.int64], names: tuple[str, ...]
) -> tuple[ClassMetrics, ...]:
    """Precision, recall and support of every class; a class never predicted has precision 0."""
    precision, recall, _, support = precision_recall_fscore_support(
        truth, labels, labels=np.arange(len(names)), zero_division=0.0
    )
    return tuple(
        ClassMetrics(label=name, support=int(s), precision=float(p), recall=float(r))
        for name, p, r, s in zip(names, precision, recall, support, strict=True)
    )


def expected_calibration_error(
    probabilities: NDArray[np.floating], truth: NDArray[np.int64], bins: int = BINS
) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Guo et al., 2017).

    Args:
        probabilities: [n, classes]
        truth: [n]
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        np.sum(which == b) * abs(right[which == b].mean() - confidence[which == b].mean())
        for b in range(bins)
        if np.any(which == b)
    ]
    return float(np.sum(gaps) / len(truth))
