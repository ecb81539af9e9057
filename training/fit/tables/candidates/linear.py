"""Logistic regression and ridge regression: one weight per number, one per category.

Numbers are standardised by the training rows, so that weights compare and the penalty is fair; a
missing number counts as the mean, with a weight of its own for being missing. The penalty is
chosen on the validation rows.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from training.fit.candidate import (
    Data,
    Learned,
    Scores,
    error_of,
    halves,
    two_logits,
)
from training.fit.graph import Graph
from training.fit.tables.encoding import Encoded
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
        mean = np.nanmean(wide, axis=0) if wide.size else np.zeros(wide.shape[1])
        spread = np.nanstd(wide, axis=0) if wide.size else np.ones(wide.shape[1])
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
    for penalty in PENALTIES:
        model = _fit(data, penalty, train, data.train.target)
        found[penalty] = _scores(model, validation)
        errors[penalty] = error_of(found[penalty], data.validation)
    best = min(errors, key=lambda penalty: errors[penalty])
    final, encoding = Design.of(data.both.rows), data.both.rows.encoding
    model = _fit(data, best, final.matrix(data.both.rows), data.both.target)
    return Learned(
        scores=lambda columns: _scores(model, final.matrix(encoding.encode(columns))),
        validation_scores=found[best],
        write=lambda graph, features: _write(
            graph,
            features,
            final,
            encoding,
            np.atleast_2d(model.coef_),
            np.atleast_1d(model.intercept_),
            binary=data.n_classes == 2,
        ),
        hyperparameters={"penalty": best},
        libraries=("sklearn",),
    )


def _fit(data: Data, penalty: float, matrix: Any, target: NDArray[Any]) -> Any:
    if data.task == "regression":
        return Ridge(alpha=penalty).fit(matrix, target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the validation rows judge
        return LogisticRegression(C=1 / penalty, max_iter=300).fit(matrix, target)


def _scores(model: Any, matrix: Any) -> Scores:
    if isinstance(model, Ridge):
        value: Scores = model.predict(matrix)[:, None]
        return value
    margins = model.decision_function(matrix)
    return halves(margins) if margins.ndim == 1 else margins


def _write(
    graph: Graph,
    features: Features,
    design: Design,
    encoding: Any,
    weights: NDArray[Any],
    bias: NDArray[np.float64],
    *,
    binary: bool,
) -> str:
    """Nodes of the model; `weights` [outputs, columns of the design matrix], `bias` [outputs]."""
    weights = weights.astype(np.float32).T
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
    terms.append(graph.constant(bias.astype(np.float32)))
    total = graph.add("Sum", *terms)
    return two_logits(graph, total) if binary else total
