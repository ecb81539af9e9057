"""Rows of a request, as numbers and as codes of categories.

`keep` runs on the event loop for each sampled request: texts become codes and lengths there, so
that no text is kept. `numbers` runs for many requests at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contract.batch import Array, Batch
from contract.brightness import Brightness
from contract.tensors import Input
from profiler.words import MISSING_MARKERS
from service.drift.answer_fields import fields_of_answers
from service.drift.fields import CategoryField, Field, NumberField
from service.drift.input_fields import columns_of, fields_of_input
from service.errors import ModelError
from service.instances.predictions import PredictionEncoder
from service.serving.served import Served

# Codes of values that are not of a known category.
MISSING, UNSEEN = -1, -2

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]


class Source(Protocol):
    """Where some fields come from."""

    @property
    def fields(self) -> Sequence[Field]:
        """What is counted of it."""

    def keep(self, batch: Batch, rows: slice) -> Array:
        """What to keep of some rows of a request."""

    def values(self, kept: Array) -> Numbers | Codes:
        """[rows, fields], from what was kept of several requests, joined."""


class _Columns:
    """Columns of numbers that share a tensor."""

    def __init__(self, tensor: Input, fields: Sequence[Field]) -> None:
        self.fields = fields
        self._name = tensor.name

    def keep(self, batch: Batch, rows: slice) -> Array:
        return _rows_of(batch.arrays[self._name], rows)

    def values(self, kept: Array) -> Numbers:
        return kept.reshape(len(kept), -1)[:, : len(self.fields)].astype(np.float64)


class _Categories:
    """Columns of categories that share a tensor."""

    def __init__(self, tensor: Input, fields: Sequence[Field]) -> None:
        self.fields = fields
        self._name = tensor.name
        self._codes = [field.codes for field in fields if isinstance(field, CategoryField)]

    def keep(self, batch: Batch, rows: slice) -> Array:
        array = batch.arrays[self._name][rows]
        columns = array.reshape(len(array), -1).T.tolist()
        return np.array(
            [
                [_code(value, codes) for value in column]
                for column, codes in zip(columns, self._codes, strict=False)
            ],
            np.int64,
        ).T

    def values(self, kept: Array) -> Codes:
        return kept


def _code(value: object, codes: Mapping[str, int]) -> int:
    """The code of a category, as the graph understands its text."""
    text = value if isinstance(value, str) else str(value)
    code = codes.get(text)
    if code is not None:
        return code
    return MISSING if text.strip().lower() in MISSING_MARKERS else UNSEEN


class _Texts:
    """Columns of texts that share a tensor: their lengths in characters."""

    def __init__(self, tensor: Input, fields: Sequence[Field]) -> None:
        self.fields = fields
        self._name = tensor.name

    def keep(self, batch: Batch, rows: slice) -> Array:
        array = batch.arrays[self._name][rows]
        texts = array.reshape(len(array), -1)[:, : len(self.fields)]
        lengths = [len(text) or np.nan for text in texts.ravel().tolist()]
        return np.array(lengths, np.float64).reshape(texts.shape)

    def values(self, kept: Array) -> Numbers:
        return kept


class _Images:
    """Images: whether they are unlike training's, then the figures that tell it."""

    def __init__(self, tensor: Input, fields: Sequence[Field]) -> None:
        self.fields = fields
        self._name = tensor.name
        self._brightness = Brightness(tensor.row, tensor.layout or "HW")
        ranges = [field.seen for field in fields[1:] if isinstance(field, NumberField)]
        known = [range_ for range_ in ranges if range_ is not None]
        self._low = np.array([range_.low for range_ in known])
        self._high = np.array([range_.high for range_ in known])

    def keep(self, batch: Batch, rows: slice) -> Array:
        return _rows_of(batch.arrays[self._name], rows)

    def values(self, kept: Array) -> Numbers:
        if len(self.fields) == 1:  # not of pixels
            return np.zeros((len(kept), 1))
        figures = self._brightness.figures(kept)
        unlike = np.zeros(len(kept))
        if len(self._low):
            unlike[((figures < self._low) | (figures > self._high)).any(axis=1)] = 1
        return np.column_stack([unlike, figures])


class _Arrays:
    """Arrays without columns: the number of each that is farthest outside the range."""

    def __init__(self, tensor: Input, fields: Sequence[Field]) -> None:
        self.fields = fields
        self._name = tensor.name
        (field,) = fields
        seen = field.seen if isinstance(field, NumberField) else None
        self._middle = (seen.low + seen.high) / 2 if seen else 0.0

    def keep(self, batch: Batch, rows: slice) -> Array:
        return _rows_of(batch.arrays[self._name], rows)

    def values(self, kept: Array) -> Numbers:
        flat = kept.reshape(len(kept), -1).astype(np.float64)
        # NaN is the farthest of all: such a row counts as missing.
        farthest = np.abs(flat - self._middle).argmax(axis=1)
        return np.take_along_axis(flat, farthest[:, None], axis=1)


def _rows_of(array: Array, rows: slice) -> Array:
    """Some rows; a copy if they are a part, so that the rest can be freed."""
    part = array[rows]
    return part if len(part) == len(array) else part.copy()


def sources_of(inputs: Sequence[Input]) -> list[Source]:
    """Where the watched fields of the inputs come from."""
    found: list[Source] = []
    places: dict[str, list[Field]] = {}
    tensors = {tensor.name: tensor for tensor in inputs}
    for tensor, place in columns_of(inputs):
        places.setdefault(tensor.name, []).extend(fields_of_input(tensor, place))
    for name, fields in places.items():
        tensor = tensors[name]
        if tensor.content == "number" and not tensor.columns:
            found.append(_Arrays(tensor, fields))
        else:
            found.append(_KINDS[tensor.content](tensor, fields))
    return found


_KINDS: Mapping[str, type[_Columns | _Categories | _Texts | _Images]] = {
    "number": _Columns,
    "category": _Categories,
    "text": _Texts,
    "image": _Images,
}


def sources_of_answers(served: Served) -> list[Source]:
    """Where the fields of the answers come from."""
    manifest = served.manifest
    outputs = {role: manifest.output(role) for role in ("probabilities", "value")}
    found: list[Source] = []
    for field in fields_of_answers(manifest):
        if isinstance(field, CategoryField):
            found.append(_Labels(field, served.encoder))
            continue
        output = outputs["probabilities" if field.content == "confidence" else "value"]
        if output is not None:
            found.append(_Answers(field, output.name))
    return found


class _Labels:
    """The classes of the answers."""

    def __init__(self, field: CategoryField, encoder: PredictionEncoder) -> None:
        self.fields = (field,)
        self._codes = field.codes
        self._encoder = encoder

    def keep(self, batch: Batch, rows: slice) -> Array:
        part = Batch({name: array[rows] for name, array in batch.arrays.items()})
        try:
            labels = self._encoder.labels(part) or ()
        except ModelError:  # of a label that the manifest does not have; the request fails too
            labels = [""] * len(part)
        return np.array([[self._codes.get(label, UNSEEN)] for label in labels], np.int64)

    def values(self, kept: Array) -> Codes:
        return kept


class _Answers:
    """Predicted values, or the highest probability of each answer."""

    def __init__(self, field: NumberField, output: str) -> None:
        self.fields = (field,)
        self._output = output
        self._highest = field.content == "confidence"

    def keep(self, batch: Batch, rows: slice) -> Array:
        return _rows_of(batch.arrays[self._output], rows)

    def values(self, kept: Array) -> Numbers:
        flat = kept.reshape(len(kept), -1).astype(np.float64)
        return flat.max(axis=1, keepdims=True) if self._highest else flat
