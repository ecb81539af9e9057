"""The outputs of a model as the predictions of a native answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from contract.batch import Array, Batch
from contract.manifest import Manifest
from contract.tensors import Output
from service.errors import ModelError

_FEW_VALUES = 64
# One field of every prediction, from the outputs.
_Column = Callable[[Batch], Iterable[Any]]


class PredictionEncoder:
    """Encodes the answers of one model. Safe to call from several threads.

    A classification gives `label` and, where the model has them, `probabilities` or `scores`; a
    regression `value` and `interval`; every other output stands in `outputs` by its name. Floats
    are arrays, which `orjson` writes.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._labels = _labels(manifest)
        self._columns: dict[str, _Column] = {}
        if self._labels is not None:
            self._columns["label"] = self._labels
        for role in ("probabilities", "scores", "value", "interval"):
            if output := manifest.output(role):
                self._columns[role] = _values(output)
        self._floats = [
            o for o in manifest.outputs if o.datatype[:2] == "FP" and o.role not in _OTHERS
        ]
        others = {o.name: _values(o) for o in manifest.outputs if o.role in _OTHERS}
        if others:
            self._columns["outputs"] = lambda batch: _objects(others, batch)

    def encode(self, outputs: Batch) -> list[dict[str, Any]]:
        """One prediction per row; `without_answer` must have found none to be without.

        Raises:
            ModelError: the model gave a label that its manifest does not have.
        """
        return _objects(self._columns, outputs)

    def without_answer(self, outputs: Batch) -> dict[int, Output]:
        """The rows with an answer that is not a finite number, each with the output that holds it.

        Outputs of a role that is not the model's answer are left out.
        """
        arrays = outputs.arrays
        wrong = [output for output in self._floats if not _is_finite(arrays[output.name])]
        return {row: output for output in wrong for row in _not_finite(arrays[output.name])}

    def labels(self, outputs: Batch) -> Sequence[str] | None:
        """The class of each row, or None where the model does not classify.

        Raises:
            ModelError: the model gave a label that its manifest does not have.
        """
        return None if self._labels is None else self._labels(outputs)


_OTHERS = ("other", "attribution", "activation")


def no_answer(output: Output) -> str:
    """The end of a sentence about a row for which an output is not a finite number."""
    return (
        f"has no answer: the model's {output.role} is not a finite number, as where it has no "
        "rule for a missing value"
    )


def is_whole(rows: Batch) -> bool:
    """True if no value of these rows is missing or infinite."""
    return all(
        bool(np.isfinite(array).all()) if array.dtype.kind == "f" else "" not in array.ravel()
        for array in rows.arrays.values()
        if array.dtype.kind in "fO"
    )


def _objects(columns: dict[str, _Column], batch: Batch) -> list[dict[str, Any]]:
    values = [column(batch) for column in columns.values()]
    # A row has a value of each column, so the second `zip` need not check it.
    return [dict(zip(columns, row)) for row in zip(*values, strict=True)]  # noqa: B905


def _labels(manifest: Manifest) -> Callable[[Batch], list[str]] | None:
    """The class of each row: the label output, or else the most probable class."""
    names = manifest.labels
    label = manifest.output("label")
    if label is None:
        scores = manifest.output("probabilities") or manifest.output("scores")
        if scores is None:
            return None
        best = scores.name
        return lambda batch: [names[i] for i in batch[best].argmax(axis=1).tolist()]
    name = label.name
    if label.encoding == "index":
        by_index = dict(enumerate(names))  # an index of -1 must not wrap
        return lambda batch: _looked_up(batch[name].ravel().tolist(), by_index)
    return lambda batch: [str(value) for value in batch[name].ravel().tolist()]


def _looked_up(indices: list[int], by_index: Mapping[int, str]) -> list[str]:
    try:
        return [by_index[i] for i in indices]
    except KeyError as error:
        raise ModelError(
            f"the model answered with label index {error.args[0]}, but its manifest has "
            f"{len(by_index)} labels; import or train it again"
        ) from error


def _is_finite(array: Array) -> bool:
    """True if the sum is a finite number: so is every number then.

    Summing costs a tenth of looking at each number; few numbers are summed faster as a list.
    """
    few = array.size <= _FEW_VALUES
    return math.isfinite(sum(array.ravel().tolist()) if few else array.sum(dtype=np.float64))


def _not_finite(array: Array) -> list[int]:
    """The rows with a number that is infinite or NaN; none if only the sum was infinite."""
    wrong = ~np.isfinite(array).reshape(len(array), -1).all(axis=1)
    found: list[int] = np.flatnonzero(wrong).tolist()
    return found


def _values(output: Output) -> _Column:
    """The values of one output, row by row; one number is no array."""
    name = output.name
    if output.row_size == 1 and output.role == "value":
        return lambda batch: batch[name].ravel().tolist()
    if output.datatype in ("BYTES", "FP16") or not output.row:
        return lambda batch: batch[name].tolist()
    return lambda batch: batch[name]  # iterating yields each row as an array
