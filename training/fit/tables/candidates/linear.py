"""Logistic regression and ridge regression: one weight per number, one per category.

Numbers are standardised by the training rows, so that weights compare and the penalty is fair; a
missing number counts as the mean, with a weight of its own for being missing. The penalty is
chosen on the validation rows.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from training.fit.candidate import (
    Data,
    Learned,
    Scores,
    error_of,
    halves,
    two_logits,
)
from training.fit.graph import Graph
from training.fit.logits import logits_of
from training.fit.tables.encoding import Encoded, Encoding
from training.fit.tables.inputs import Features

PENALTIES = (100.0, 10.0, 1.0, 0.1, 0.01)


@dataclass(frozen=True, eq=False)
class Design:
    """From encoded rows to a design matrix: numbers, gaps, one column per code.

    mean, scale: float32 [F]. gaps: indices of the numbers with gaps in training. offsets: int64
    [C], the first column of each category; width: columns of all codes.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    gaps: NDArray[np.intp]
    offsets: NDArray[np.int64]
    width: int

    @classmethod
    def of(cls, rows: Encoded) -> Design:
        """The design of training rows."""
        wide = rows.numbers.astype(np.float64)
        missing = np.isnan(wide)
        present = [column[~np.isnan(column)] for column in wide.T]
        mean = np.array([column.mean() if len(column) else 0.0 for column in present])
        spread = np.array([column.std() if len(column) else 0.0 for column in present])
        spread = np.where(spread > 0, spread, 1.0)
        sizes = [column.size for column in rows.encoding.columns]
        return cls(
            mean.astype(np.float32),
            (1 / spread).astype(np.float32),
            np.flatnonzero(missing.any(axis=0)),
            np.cumsum([0, *sizes[:-1]]).astype(np.int64)[: len(sizes)],
            sum(sizes),
        )

    def standardised(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        """Numbers [n, F] less their mean, in units of their spread; 0 where missing."""
        scaled: NDArray[np.float32] = np.nan_to_num((numbers - self.mean) * self.scale, nan=0.0)
        return scaled

    def matrix(self, rows: Encoded) -> sparse.csr_matrix:
        """The design matrix, [n, F + gaps + codes]."""
        n, columns = rows.codes.shape
        dense = np.hstack(
            [self.standardised(rows.numbers), np.isnan(rows.numbers[:, self.gaps])]
        ).astype(np.float64)
        place = (rows.codes + self.offsets).ravel()
        ones = sparse.csr_matrix(
            (np.ones(n * columns), place, np.arange(0, n * columns + 1, max(columns, 1))[: n + 1])
            if columns
            else (n, 0),
            shape=(n, self.width),
        )
        return sparse.hstack([sparse.csr_matrix(dense), ones]).tocsr()


def learn(data: Data, *, seed: int, seconds: float) -> Learned:
    """Choose the penalty on the validation rows, refit on both."""
    design = Design.of(data.train.rows)
    train, validation = design.matrix(data.train.rows), design.matrix(data.validation.rows)
    errors, found = {}, {}
    started = time.perf_counter()
    for penalty in PENALTIES:
        found[penalty] = _fit(data, penalty, train, data.train.target).scores(validation)
        errors[penalty] = error_of(found[penalty], data.validation)
        if time.perf_counter() - started > seconds / 2:
            break
    best = min(errors, key=lambda penalty: errors[penalty])
    final, encoding = Design.of(data.both.rows), data.both.rows.encoding
    model = _fit(data, best, final.matrix(data.both.rows), data.both.target)
    return Learned(
        scores=lambda columns: model.scores(final.matrix(encoding.encode(columns))),
        validation_scores=found[best],
        write=lambda graph, features: _write(graph, features, final, encoding, model),
        hyperparameters={"penalty": best},
        libraries=("sklearn",),
    )


@dataclass(frozen=True, eq=False)
class _Linear:
    """weights: float64 [outputs, columns of the design matrix]; bias: [outputs].

    Of two classes the one output is the log odds of the second.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    binary: bool

    def scores(self, matrix: Any) -> Scores:
        """Logits [n, classes], or values [n, 1]."""
        found: Scores = matrix @ self.weights.T + self.bias
        return halves(found[:, 0]) if self.binary else found


def _fit(data: Data, penalty: float, matrix: Any, target: NDArray[Any]) -> _Linear:
    if data.task == "regression":
        ridge = Ridge(alpha=penalty).fit(matrix, target)
        return _Linear(np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_), binary=False)
    # One thread: on a busy machine BLAS's wait for one another twenty times longer than they work.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the validation rows judge
        model = LogisticRegression(C=1 / penalty, max_iter=300).fit(matrix, target)
    if data.n_classes == 2:
        return _Linear(model.coef_, model.intercept_, binary=True)
    return _Linear(*logits_of(model, data.n_classes), binary=False)


def _write(
    graph: Graph, features: Features, design: Design, encoding: Encoding, model: _Linear
) -> str:
    """Nodes of the model."""
    weights = model.weights.astype(np.float32).T
    f, g = len(design.mean), len(design.gaps)
    terms = []
    if f:
        numbers = features.numbers()
        shifted = graph.add("Sub", numbers, graph.constant(design.mean))
        scaled = graph.add("Mul", shifted, graph.constant(design.scale))
        missing = graph.add("IsNaN", numbers)
        zero = graph.constant(np.float32(0))
        known = graph.add("Where", missing, zero, scaled)
        terms.append(graph.add("MatMul", known, graph.constant(weights[:f])))
        if g:
            picked = graph.add("Gather", missing, graph.constant(design.gaps), axis=1)
            floats = graph.add("Cast", picked, to=1)
            terms.append(graph.add("MatMul", floats, graph.constant(weights[f : f + g])))
    if len(design.offsets):
        place = graph.add("Add", features.codes(encoding), graph.constant(design.offsets))
        each = graph.add("Gather", graph.constant(weights[f + g :]), place, axis=0)
        axis = graph.constant(np.array([1], np.int64))
        terms.append(graph.add("ReduceSum", each, axis, keepdims=0))
    terms.append(graph.constant(model.bias.astype(np.float32)))
    total = graph.add("Sum", *terms)
    return two_logits(graph, total) if model.binary else total
