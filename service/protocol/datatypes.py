"""The tensor datatypes as data: the NumPy type of each and the JSON values it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from contract.tensors import DTYPES, largest_number
from contract.tensors import Datatype as Name

Kind = Literal["boolean", "integer", "float", "bytes"]


@dataclass(frozen=True)
class Datatype:
    """One datatype of the specification.

    Attributes:
        dtype: NumPy's type, little-endian like binary tensors.
        json_types: the Python types of its JSON values.
        range: the allowed values in words, for messages.
        takes: True for a JSON value in the range.
    """

    name: str
    kind: Kind
    dtype: np.dtype[Any]
    json_types: frozenset[type]
    range: str
    takes: Callable[[Any], bool]


def _integer(name: Name) -> Datatype:
    dtype = DTYPES[name]
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)

    def takes(value: Any) -> bool:
        return type(value) is int and low <= value <= high

    span = f"an integer from {low} to {high}"
    return Datatype(name, "integer", dtype, frozenset({int}), span, takes)


def _float(name: Name) -> Datatype:
    dtype = DTYPES[name]
    limit = largest_number(dtype)

    def takes(value: Any) -> bool:
        return type(value) in (int, float) and -limit <= value <= limit

    span = f"a number from {-limit:g} to {limit:g}"
    return Datatype(name, "float", dtype, frozenset({int, float}), span, takes)


def _of(kind: Kind, name: Name, json_type: type, span: str) -> Datatype:
    types = frozenset({json_type})
    return Datatype(name, kind, DTYPES[name], types, span, lambda value: type(value) is json_type)


DATATYPES = {
    datatype.name: datatype
    for datatype in (
        _of("boolean", "BOOL", bool, "true or false"),
        _integer("UINT8"),
        _integer("UINT16"),
        _integer("UINT32"),
        _integer("UINT64"),
        _integer("INT8"),
        _integer("INT16"),
        _integer("INT32"),
        _integer("INT64"),
        _float("FP16"),
        _float("FP32"),
        _float("FP64"),
        # Text of any length; in memory an array of str objects.
        _of("bytes", "BYTES", str, "a string"),
    )
}
