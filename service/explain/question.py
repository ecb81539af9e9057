"""A row to explain, the class in question, and the model that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contract.batch import Batch
from contract.manifest import Manifest
from service.errors import InvalidError
from service.explain.worker import Stop

Answers = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """One row, and what is asked of it.

    Attributes:
        place: of the row in the request. row: one row of the model's inputs.
        target: the class's index; None for a value.
        ask: from rows to the explained answer of each, float64 [rows].
        stop: whether to end early.
    """

    place: int
    row: Batch
    target: int | None
    ask: Callable[[Batch], Answers]
    stop: Stop = field(default_factory=lambda: Stop(float("inf")))

    def answers(self, rows: Batch) -> Answers:
        """The answer to each of these rows, which are variations of the one that is explained.

        Raises:
            InvalidError: an answer is not a finite number.
        """
        answers = self.ask(rows)
        if not np.isfinite(answers).all():
            raise InvalidError(
                f"instances[{self.place}] cannot be explained so: with some of its parts taken "
                "away the model's answer is not a finite number; ask for another method",
                loc=["instances", self.place],
            )
        return answers


def ask_of(
    manifest: Manifest, predict: Callable[[Batch], Batch], target: int | None
) -> Callable[[Batch], Answers]:
    """How to ask a model for the probability of a class, its score, or a value.

    Raises:
        InvalidError: the model has no such output, or one of several numbers.
    """
    output = manifest.output("probabilities") or manifest.output("scores")
    if manifest.task == "classification" and output is not None and target is not None:
        name = output.name
        return lambda rows: predict(rows)[name][:, target].astype(np.float64)
    output = manifest.output("value")
    if output is not None and output.row_size == 1:
        name = output.name
        return lambda rows: predict(rows)[name].reshape(len(rows)).astype(np.float64)
    raise InvalidError(
        f"model {manifest.name!r} gives no probabilities and no single value, so there is nothing "
        "to explain; name another model",
        loc=["model"],
    )
