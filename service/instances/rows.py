"""Rows of a batch as instances that `/predict` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contract.batch import Array
from contract.tensors import Input
from service.instances.pictures.encode import image_png


def instances(inputs: Sequence[Input], arrays: Mapping[str, Array]) -> list[Any]:
    """Rows of a batch as JSON: pictures as base64 of a PNG, missing values as null."""
    rows = len(arrays[inputs[0].name])
    if len(inputs) == 1 and not inputs[0].columns:
        return [_value(inputs[0], arrays[inputs[0].name][i]) for i in range(rows)]
    return [_row(inputs, arrays, i) for i in range(rows)]


def _row(inputs: Sequence[Input], arrays: Mapping[str, Array], i: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for tensor in inputs:
        values = arrays[tensor.name][i]
        if tensor.columns:
            row |= zip(tensor.columns, map(_cell, np.atleast_1d(values)), strict=True)
        else:
            row[tensor.name] = _value(tensor, values)
    return row


def _value(tensor: Input, values: Array) -> Any:
    """One row of an input without columns."""
    if tensor.content == "image" and tensor.datatype == "UINT8" and tensor.channels != 4:
        return image_png(tensor, values)
    return values.tolist()


def _cell(value: Any) -> Any:
    """A value of a column; NaN and the empty text are missing.

    A number stays NumPy's: 0.1 in float32 is written as 0.1, not as 0.10000000149.
    """
    if isinstance(value, str):
        return value or None
    return None if np.isnan(value) else value
