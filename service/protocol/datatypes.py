"""The tensor datatypes as data: how NumPy stores each, and which JSON values it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Kind = Literal["boolean", "integer", "float", "bytes"]


@dataclass(frozen=True)
class Datatype:
    """One datatype of the specification.

    Attributes:
        dtype: little-endian, as binary tensors are.
        json_types: the Python types of its JSON values.
        says: what a value is, for messages.
        takes: whether one JSON value is in its range.
    """

    name: str
    kind: Kind
    dtype: np.dtype[Any]
    json_types: frozenset[type]
    says: str
    takes: Callable[[Any], bool]


def _integer(name: str, code: str) -> Datatype:
    dtype = np.dtype(code)
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)

    def takes(value: Any) -> bool:
        return type(value) is int and low <= value <= high

    says = f"an integer from {low} to {high}"
    return Datatype(name, "integer", dtype, frozenset({int}), says, takes)


def _float(name: str, code: str) -> Datatype:
    dtype = np.dtype(code)
    limit = float(np.finfo(dtype).max)

    def takes(value: Any) -> bool:
        return type(value) in (int, float) and -limit <= value <= limit

    says = f"a number from {-limit:g} to {limit:g}"
    return Datatype(name, "float", dtype, frozenset({int, float}), says, takes)


def _of(kind: Kind, name: str, code: str, json_type: type, says: str) -> Datatype:
    types = frozenset({json_type})
    return Datatype(name, kind, np.dtype(code), types, says, lambda value: type(value) is json_type)


DATATYPES = {
    datatype.name: datatype
    for datatype in (
        _of("boolean", "BOOL", "|b1", bool, "true or false"),
        _integer("UINT8", "|u1"),
        _integer("UINT16", "<u2"),
        _integer("UINT32", "<u4"),
        _integer("UINT64", "<u8"),
        _integer("INT8", "|i1"),
        _integer("INT16", "<i2"),
        _integer("INT32", "<i4"),
        _integer("INT64", "<i8"),
        _float("FP16", "<f2"),
        _float("FP32", "<f4"),
        _float("FP64", "<f8"),
        # Text of any length; in memory an array of str objects.
        _of("bytes", "BYTES", "|O", str, "a string"),
    )
}
