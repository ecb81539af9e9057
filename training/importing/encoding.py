"""Whether a label is an index into the class names or a class's own value: seen on the samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from contract.batch import Array
from contract.tensors import Output
from training.errors import ImportModelError
from training.importing.classes import as_names, indexes_of

Encoding = Literal["index", "value"]
_TIE = 1e-6


def encoding_of(
    output: Output, answers: Array, labels: Sequence[str], scores: Array | None
) -> Encoding:
    """How a label names its class.

    Args:
        answers: the label of each sample.
        scores: probabilities or scores of each sample [rows, classes], if there are any; a label
            must be the class with the largest.

    Raises:
        ImportModelError: neither reading holds for all samples, or both do and differ.
    """
    known = _readings(output, answers, labels)
    if scores is not None:
        known = _agreeing(output, known, scores)
    if len(known) > 1 and any(label != str(i) for i, label in enumerate(labels)):
        raise ImportModelError(
            f"output {output.name!r} may be an index into the labels or a label's own value; say "
            f"which with --output {output.name}=label-index or label-value"
        )
    return "index" if "index" in known else "value"


def _readings(
    output: Output, answers: Array, labels: Sequence[str]
) -> dict[Encoding, NDArray[np.int64]]:
    """The class of each answer, in each encoding in which all of them name one."""
    readings: dict[Encoding, NDArray[np.int64]] = {"value": indexes_of(as_names(answers), labels)}
    if output.datatype != "BYTES":
        readings["index"] = _in_range(answers.reshape(-1), len(labels))
    known = {how: found for how, found in readings.items() if (found >= 0).all()}
    if not known:
        unknown = np.sum([found < 0 for found in readings.values()], axis=0)
        strange = as_names(answers)[int(unknown.argmax())]
        raise ImportModelError(
            f"output {output.name!r} answers {strange!r}, which is neither one of the labels "
            f"{', '.join(labels[:10])} nor the index of one; give --labels as the model knows "
            f"them, or leave it out with --drop {output.name}"
        )
    return known


def _agreeing(
    output: Output, readings: dict[Encoding, NDArray[np.int64]], scores: Array
) -> dict[Encoding, NDArray[np.int64]]:
    """The readings in which each answer is the class with the largest score."""
    wrong = {how: int((~largest(scores, found)).sum()) for how, found in readings.items()}
    right = {how: found for how, found in readings.items() if not wrong[how]}
    if not right:
        raise ImportModelError(
            f"output {output.name!r} is not the class with the largest score in "
            f"{min(wrong.values())} of {len(scores)} samples; give --labels in the order of the "
            f"scores, or say what it is with --output {output.name}=label-index or label-value"
        )
    return right


def class_indexes(output: Output, answers: Array, labels: Sequence[str]) -> NDArray[np.int64]:
    """The class of each answer of a label output, as an index into the labels.

    Raises:
        ImportModelError: an answer is none of the labels.
    """
    if output.encoding == "index":
        found = _in_range(answers.reshape(-1), len(labels))
    else:
        found = indexes_of(as_names(answers), labels)
    if (found < 0).any():
        strange = as_names(answers)[int(np.argmin(found))]
        raise ImportModelError(
            f"output {output.name!r} answers {strange!r}, which is no {output.encoding} of the "
            f"labels {', '.join(labels[:10])}; give all of them with --labels"
        )
    return found


def _in_range(answers: Array, classes: int) -> NDArray[np.int64]:
    wide = answers.astype(np.int64)
    return np.where((wide >= 0) & (wide < classes), wide, -1)


def largest(scores: Array, classes: NDArray[np.integer]) -> NDArray[np.bool_]:
    """True for each row in which this class has the largest score, or shares it."""
    chosen = scores[np.arange(len(scores)), classes]
    return np.asarray(chosen >= scores.max(axis=1) - _TIE)
