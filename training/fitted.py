"""What every trainer returns, whatever its algorithm: enough to calibrate, export and describe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

from training.datasets import Dataset

# images uint8 [n, 28, 28] -> scores float64 [n, classes]
Scorer = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
# done, total, what it is at
Report = Callable[[int, int, str], None]


def silent(done: int, total: int, message: str) -> None:
    """A report that goes nowhere."""


@dataclass(frozen=True)
class Curve:
    """Accuracy as training goes on; x is in units of `unit` (trees, passes, rounds, epochs)."""

    unit: str
    x: tuple[float, ...]
    validation_accuracy: tuple[float, ...]


@dataclass(frozen=True)
class Fitted:
    """A fitted model.

    Attributes:
        scores: the model in its own library, which the exported graph must equal.
        validation_scores: float64 [n, classes], of a model that never saw the validation set.
        core: the ONNX graph from `pixels` FP32 [n, 28, 28], 0-255, to `scores` FP32 [n, classes].
        link: how scores become logits; `log` for shares of votes, `identity` for the rest.
        parity_tolerance: largest probability difference the export may show.
        libraries: import names of the libraries whose versions matter.
        refit: the shipped weights saw the validation set too, after every choice was made.
        rivals: other scorers worth a line in the card; they too meet the test set at the end.
    """

    scores: Scorer
    validation_scores: NDArray[np.float64]
    core: onnx.ModelProto
    link: Literal["identity", "log"]
    parity_tolerance: float
    train_samples: int
    seconds: float
    device: str
    hyperparameters: dict[str, Any]
    curve: Curve
    libraries: tuple[str, ...]
    refit: bool = False
    notes: dict[str, Any] = field(default_factory=dict)
    rivals: dict[str, Scorer] = field(default_factory=dict)


class Trainer(Protocol):
    """The one entry point of a trainer module."""

    def __call__(self, data: Dataset, *, seed: int, report: Report = silent) -> Fitted:
        """Fit on `data`; choose and calibrate on its validation split only."""
