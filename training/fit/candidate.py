"""What every candidate shares: the rows it learns from, and what it gives back.

A candidate is fitted twice. First on the training rows, while the validation rows choose its
settings, stop it and calibrate it; then, with all choices made, on both together where it can be
(docs/decisions/0001). Test rows play no part.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from contract.explanations import Explained, Method
from contract.manifest import Family
from training.calibration import log_loss
from training.explain.answers import Scale
from training.export.graph import Graph
from training.fitted import Curve

Task = Literal["classification", "regression"]
Scores = NDArray[np.float64]
# How a person follows the answer of a model, clearest first.
Clarity = Literal["weights", "curves", "trees", "opaque"]
CLARITIES: tuple[Clarity, ...] = ("weights", "curves", "trees", "opaque")


@dataclass(frozen=True, eq=False)
class Part:
    """Rows as the candidates of a kind take them, and targets: classes, or values."""

    rows: Any
    target: NDArray[Any]

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True, eq=False)
class Data:
    """The rows of one split, without its test rows.

    Attributes:
        train, validation: encoded by what was fitted on the training rows.
        both: the same rows together, encoded by what was fitted on all of them.
        n_classes: 0 for a regression.
    """

    task: Task
    n_classes: int
    train: Part
    validation: Part
    both: Part

    @property
    def outputs(self) -> int:
        """Numbers of one answer: one per class, or the value."""
        return self.n_classes or 1


# Another library's name, and its contributions [n, columns] of rows and classes.
Reference = tuple[str, Callable[[Any, NDArray[np.int64]], NDArray[np.float64]]]


@dataclass(frozen=True, eq=False)
class Explainer:
    """How a fitted candidate explains its answers before calibration.

    Attributes:
        write: adds nodes; returns the raw contributions FP64 [n, columns] and the raw base and
            value FP64 [n]; it reads the class from `contract.explanations.TARGET`.
        scale: from raw numbers to the answer of each class, or to the value.
        reference: of another library, if one has the same contributions.
    """

    method: Method
    explains: Explained
    write: Callable[[Graph, Any], tuple[str, str, str]]
    scale: Scale
    reference: Reference | None = None


@dataclass(frozen=True, eq=False)
class Learned:
    """A fitted candidate, not yet calibrated.

    Attributes:
        scores: the model in its own library, from rows as they were read to logits float64
            [n, classes], or values [n, 1].
        validation_scores: of a model that was not fitted on the validation rows.
        write: adds the model's nodes; returns the tensor of the scores, FP32 [n, outputs].
        refit: True if the final model was fitted on the validation rows too.
        explainers: the default first.
    """

    scores: Callable[[Any], Scores]
    validation_scores: Scores
    write: Callable[[Graph, Any], str]
    hyperparameters: Mapping[str, Any]
    libraries: tuple[str, ...]
    refit: bool = True
    curve: Curve | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    explainers: tuple[Explainer, ...] = ()


class Learner(Protocol):
    """The entry point of a candidate's module."""

    def __call__(self, data: Data, *, seed: int, seconds: float) -> Learned:
        """Fit within about so many seconds."""


def late(module: str, function: str) -> Learner:
    """A learner whose module is imported when it is called: `--help` needs no torch."""

    def learn(data: Data, *, seed: int, seconds: float) -> Learned:
        learner: Learner = getattr(importlib.import_module(module), function)
        return learner(data, seed=seed, seconds=seconds)

    return learn


@dataclass(frozen=True)
class Candidate:
    """A kind of model that `fit` tries.

    Attributes:
        name: ends the name of the served model.
        share: of the time for one split, relative to the others.
    """

    name: str
    title: str
    algorithm: str
    family: Family
    clarity: Clarity
    share: float
    learner: Learner


def two_logits(graph: Graph, margin: str) -> str:
    """Logits [n, 2] of a margin [n, 1], the log odds of the second class."""
    halves = graph.constant(np.array([[-0.5, 0.5]], np.float32))
    return graph.add("MatMul", margin, halves)


def halves(margin: NDArray[np.floating]) -> Scores:
    """The same in NumPy, for margins [n]."""
    wide = margin.astype(np.float64)
    return np.stack([-wide / 2, wide / 2], axis=1)


def error_of(scores: Scores, part: Part) -> float:
    """What choices are made by: log loss of logits, or mean squared error of values."""
    if scores.shape[1] == 1:
        return float(np.mean((scores[:, 0] - part.target) ** 2))
    return log_loss(scores, part.target)
