"""Permutation importance (Breiman, 2001): the loss that shuffling a column adds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.fit import scores
from training.fit.comparison import Entrant
from training.fit.encoding import Columns, Rows
from training.fit.problem import Problem

MOST_ROWS = 2_000
MOST_COLUMNS = 60


def importance_of(problem: Problem, entrant: Entrant, test: Rows) -> dict[str, float]:
    """Mean loss added on test rows, by column, the most important first.

    The loss is the log loss, or the squared error. Of wide tables only the first columns are
    shuffled, and the result says no more.
    """
    generator = np.random.default_rng(0)
    rows = test if len(test) <= MOST_ROWS else generator.choice(test, MOST_ROWS, replace=False)
    columns, target = problem.columns.take(rows), problem.target[rows]
    before = _loss(problem, entrant, columns, target)
    order = generator.permutation(len(rows))
    found = {
        name: _loss(problem, entrant, _shuffled(columns, i, order), target) - before
        for i, name in enumerate(columns.names[:MOST_COLUMNS])
    }
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def _loss(problem: Problem, entrant: Entrant, columns: Columns, target: NDArray[Any]) -> float:
    predictions = entrant.model.predict(columns)
    figures = (
        scores.classification(predictions, target)
        if problem.labels
        else scores.regression(predictions, target)
    )
    return float(figures.losses.mean())


def _shuffled(columns: Columns, i: int, order: Rows) -> Columns:
    numbers, codes = columns.numbers.copy(), columns.codes.copy()
    if i < numbers.shape[1]:
        numbers[:, i] = numbers[order, i]
    else:
        codes[:, i - numbers.shape[1]] = codes[order, i - numbers.shape[1]]
    return Columns(columns.number_names, numbers, columns.category_names, codes, columns.categories)
