"""The result of every trainer: what calibration, export and the model card need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

from contract.records import SourceRecord
from training.datasets import Dataset

# images uint8 [n, 28, 28] -> scores float64 [n, classes]
Scorer = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
# Called with the work done, the total, and a short message.
Report = Callable[[int, int, str], None]


def silent(done: int, total: int, message: str) -> None:
    """A report that discards everything."""


@dataclass(frozen=True)
class Curve:
    """A measure during training; `x` counts units of `unit` (trees, passes, rounds, epochs)."""

    unit: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    measure: str = "validation accuracy"


@dataclass(frozen=True)
class Fitted:
    """A fitted model.

    Attributes:
        scores: the model in its own library, the reference for the exported graph.
        validation_scores: float64 [n, classes], of a model that was not fitted on the validation
            set.
        core: the ONNX graph from `pixels` FP32 [n, 28, 28], 0-255, to `scores` FP32 [n, classes].
        link: how scores become logits; `log` for shares of votes, `identity` for the rest.
        parity_tolerance: largest allowed difference of a probability in the exported graph.
        seconds: wall-clock time of fitting.
        libraries: import names of the libraries whose versions affect the result.
        refit: True if the final weights were fitted on the validation set too, after all choices.
        rivals: other scorers, by name, whose test accuracy the card also lists.
        source: the model it started from, if it did not start from random weights.
        attachments: bytes by file name, written beside the graph; the card shows its pictures.
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
    source: SourceRecord | None = None
    attachments: dict[str, bytes] = field(default_factory=dict)


class Trainer(Protocol):
    """The one entry point of a trainer module."""

    def __call__(self, data: Dataset, *, seed: int, report: Report = silent) -> Fitted:
        """Fit on the training split of `data`; select on its validation split only."""
