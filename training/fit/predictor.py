"""A fitted candidate with calibrated answers, and the mean of two.

Probabilities are softmax(logits / T), T fitted on the validation rows (Guo et al., 2017). The
interval of a regression is split conformal (Lei et al., 2018): as wide as the errors on the
validation rows, so that it covers `level_of` new rows like them. That would hold exactly if the
validation rows had chosen nothing else; they also chose settings and stopped the training, so the
coverage of the test rows is measured and reported beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from training.calibration import fit_temperature, probabilities
from training.fit.candidate import Data, Learned, Scores
from training.fit.graph import Graph

LEVEL = 0.9
# Standard deviation of log T, which few rows must not move far: scores are logits already.
PRIOR = 0.5


class Predictor(Protocol):
    """A fitted model that answers: probabilities [n, classes], or values [n, 1]."""

    @property
    def validation(self) -> Scores:
        """Answers to the validation rows, of a model that was not fitted on them."""

    def predict(self, rows: Any) -> Scores:
        """Answers to rows as they were read, by the model's own library."""

    def write(self, graph: Graph, features: Any) -> str:
        """Add the nodes; the tensor of the answers, FP32 [n, classes] or [n, 1]."""


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A fitted candidate and its temperature; 1 for a regression."""

    learned: Learned
    temperature: float

    @classmethod
    def of(cls, learned: Learned, data: Data) -> Calibrated:
        """Calibrate on the validation rows."""
        if not data.n_classes:
            return cls(learned, 1.0)
        temperature = fit_temperature(learned.validation_scores, data.validation.target, PRIOR)
        return cls(learned, temperature)

    @cached_property
    def validation(self) -> Scores:
        """See `Predictor`."""
        return self._answers(self.learned.validation_scores)

    def predict(self, rows: Any) -> Scores:
        """See `Predictor`."""
        return self._answers(self.learned.scores(rows))

    def write(self, graph: Graph, features: Any) -> str:
        """See `Predictor`."""
        scores = self.learned.write(graph, features)
        if self.learned.validation_scores.shape[1] == 1:
            return scores
        inverse = graph.constant(np.float32(1 / self.temperature))
        return graph.add("Softmax", graph.add("Mul", scores, inverse), axis=1)

    def _answers(self, scores: Scores) -> Scores:
        return scores if scores.shape[1] == 1 else probabilities(scores, self.temperature)


@dataclass(frozen=True, eq=False)
class Blend:
    """The mean of two candidates' answers."""

    first: Predictor
    second: Predictor

    @cached_property
    def validation(self) -> Scores:
        """See `Predictor`."""
        return (self.first.validation + self.second.validation) / 2

    def predict(self, rows: Any) -> Scores:
        """See `Predictor`."""
        return (self.first.predict(rows) + self.second.predict(rows)) / 2

    def write(self, graph: Graph, features: Any) -> str:
        """See `Predictor`."""
        both = (self.first.write(graph, features), self.second.write(graph, features))
        total = graph.add("Add", *both)
        return graph.add("Mul", total, graph.constant(np.float32(0.5)))


def level_of(validation_rows: int) -> float:
    """The share of new rows that an interval can promise: `LEVEL`, or less with under 9 rows.

    The largest of n errors bounds a share of n / (n + 1).
    """
    return min(LEVEL, validation_rows / (validation_rows + 1))


def half_width(validation: Scores, target: NDArray[np.float64]) -> float:
    """Half the width of the interval: the error that `level_of` the rows stay below."""
    errors = np.sort(np.abs(validation[:, 0] - target))
    rank = np.ceil((len(errors) + 1) * level_of(len(errors)) - 1e-9)
    return float(errors[int(rank) - 1])
