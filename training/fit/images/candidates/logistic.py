"""Logistic regression over many numbers: of pixels, or of a backbone's features.

Numbers are standardised by the rows that are learnt from, so that the penalty is fair. The penalty
is chosen on the validation rows, the strongest first; a penalty that takes too long ends the
search.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from training.calibration import log_loss
from training.fit.candidate import Scores
from training.fit.graph import Graph
from training.fit.logits import logits_of

PENALTIES = (3_000.0, 1_000.0, 300.0, 100.0, 30.0)
# Of the typical spread: a number that hardly differs between rows is not blown up.
LEAST_SPREAD = 0.1
_ITERATIONS = 100

Numbers = NDArray[np.float32]
Classes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted model: standardises numbers [n, F] and gives logits [n, classes].

    mean, scale: float32 [F]. weights: float32 [F, classes], bias: float32 [classes].
    """

    mean: Numbers
    scale: Numbers
    weights: Numbers
    bias: Numbers

    def scores(self, numbers: Numbers) -> Scores:
        """Logits, float64 [n, classes]."""
        found: Scores = ((numbers - self.mean) * self.scale).astype(np.float64) @ self.weights
        return found + self.bias

    def write(self, graph: Graph, numbers: str) -> str:
        """The same as nodes, from FP32 [n, F]."""
        shifted = graph.add("Sub", numbers, graph.constant(self.mean))
        scaled = graph.add("Mul", shifted, graph.constant(self.scale))
        product = graph.add("MatMul", scaled, graph.constant(self.weights))
        return graph.add("Add", product, graph.constant(self.bias))


def fit(numbers: Numbers, target: Classes, penalty: float, classes: int) -> Logistic:
    """Fit with one penalty."""
    mean = numbers.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = numbers.std(axis=0, dtype=np.float64)
    least = LEAST_SPREAD * float(np.sqrt(np.mean(spread**2))) or 1.0
    scale = (1 / np.maximum(spread, least)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the validation rows judge
        seen, axes = _rotated((numbers - mean) * scale)
        model: Any = LogisticRegression(C=1 / penalty, max_iter=_ITERATIONS).fit(seen, target)
    weights, bias = logits_of(model, classes)
    return Logistic(mean, scale, (axes @ weights.T).astype(np.float32), bias.astype(np.float32))


def _rotated(numbers: Numbers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows along the axes that they span, [n, r], and the axes, [F, r].

    Weights outside the span would change no row and cost penalty, so the fit is the same; with
    fewer rows than numbers it is faster.
    """
    wide = numbers.astype(np.float64)
    if wide.shape[0] >= wide.shape[1]:
        return wide, np.eye(wide.shape[1])
    left, sizes, axes = np.linalg.svd(wide, full_matrices=False)
    return left * sizes, axes.T


def choose(
    train: tuple[Numbers, Classes],
    validation: tuple[Numbers, Classes],
    classes: int,
    seconds: float,
) -> tuple[float, Scores]:
    """The penalty with the least loss on the validation rows, and its scores of them."""
    started = time.perf_counter()
    best: tuple[float, float, Scores] | None = None
    for penalty in PENALTIES:
        scores = fit(*train, penalty, classes).scores(validation[0])
        loss = log_loss(scores, validation[1])
        if best is not None and loss > best[0]:
            break  # the loss falls, then rises
        best = (loss, penalty, scores)
        if time.perf_counter() - started > seconds / 2:
            break
    if best is None:
        raise RuntimeError("there is no penalty to try")
    return best[1:]
