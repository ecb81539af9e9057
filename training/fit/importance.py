"""Permutation importance (Breiman, 2001): the loss that shuffling a column adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.fit import scores
from training.fit.comparison import Entrant
from training.fit.problem import Problem
from training.fit.splits import Indices, Split

MOST_ROWS = 2_000


@dataclass(frozen=True)
class Importance:
    """Mean loss added on test rows by shuffling a part of a row, the most important first.

    The loss is the log loss, or the squared error. Empty for kinds whose rows have no named parts.
    `parts` is their number in a row; of many, not all are measured.
    """

    losses: Mapping[str, float]
    parts: int

    def __str__(self) -> str:
        if len(self.losses) == self.parts:
            return "all columns"
        return f"{len(self.losses)} of {self.parts:,} columns, those that tell most by themselves"


def importance_of(problem: Problem, entrant: Entrant, split: Split) -> Importance:
    """Permutation importance of the parts of a row, on at most `MOST_ROWS` test rows."""
    generator, kind = np.random.default_rng(0), problem.kind

    def some(indices: Indices) -> Indices:
        if len(indices) <= MOST_ROWS:
            return indices
        return generator.choice(indices, MOST_ROWS, replace=False)

    known, test = some(np.concatenate([split.train, split.validation])), some(split.test)
    parts = kind.most_telling(problem.rows.take(known), problem.target[known])
    rows, target = problem.rows.take(test), problem.target[test]
    before = _loss(problem, entrant, rows, target)
    order = generator.permutation(len(test))
    found = {
        name: _loss(problem, entrant, shuffled, target) - before
        for name, shuffled in kind.without(rows, order, parts)
    }
    losses = dict(sorted(found.items(), key=lambda one: -one[1]))
    return Importance(losses, kind.parts(rows))


def _loss(problem: Problem, entrant: Entrant, rows: Any, target: NDArray[Any]) -> float:
    predictions = entrant.model.predict(rows)
    figures = (
        scores.classification(predictions, target, problem.rarest)
        if problem.labels
        else scores.regression(predictions, target)
    )
    return float(figures.losses.mean())
