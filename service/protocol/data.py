"""`data` of a tensor: JSON values, flat or nested as its shape, in row-major order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from contract.messages import describe, short
from service.errors import InvalidError
from service.protocol.datatypes import Datatype

Tensor = NDArray[Any]


def decode_data(
    data: Any, datatype: Datatype, shape: Sequence[int], where: str, *, booleans: bool = True
) -> Tensor:
    """The tensor of JSON values.

    Args:
        where: the field, for messages: `inputs[0].data`.
        booleans: False when the JSON is known to hold none, which saves a look at every type.

    Raises:
        InvalidError: no array, another number of elements, another nesting, a value that the
            datatype does not take.
    """
    if type(data) is not list:
        raise InvalidError(f"{where} is {describe(data)}; it must be an array of values")
    nested = len(shape) > 1 and bool(data) and type(data[0]) is list
    values = _flatten(data, shape, where) if nested else data
    count = math.prod(shape)
    if len(values) != count:
        raise InvalidError(
            f"{where} has {len(values)} elements; shape {short(list(shape))} has {count}"
        )
    array = _convert(values, datatype, booleans)
    if array is None:
        _blame(values, datatype, shape if nested else [count], where)
    return array.reshape(shape)


def encode_data(array: Tensor, datatype: Datatype) -> Tensor | list[str]:
    """The values in row-major order, as `orjson` writes them."""
    if datatype.kind == "bytes":
        return array.ravel().tolist()
    return np.ascontiguousarray(array).reshape(-1)


def _flatten(data: list[Any], shape: Sequence[int], where: str) -> list[Any]:
    """The elements of nested lists whose lengths are the shape's."""
    level: list[Any] = [data]
    for depth, size in enumerate(shape):
        if set(map(type, level)) != {list} or set(map(len, level)) != {size}:
            _blame_nesting(level, shape, depth, where)
        level = list(chain.from_iterable(level))
    return level


def _blame_nesting(level: list[Any], shape: Sequence[int], depth: int, where: str) -> NoReturn:
    """Name the first list of a level that is none, or has another length than the shape's."""
    size = shape[depth]
    for i, item in enumerate(level):
        place = where + _path(i, shape[:depth])
        if type(item) is not list:
            raise InvalidError(f"{place} is {describe(item)}; it must be an array of {size}")
        if len(item) != size:
            raise InvalidError(
                f"{place} has {len(item)} elements; shape {short(list(shape))} wants {size} there"
            )
    raise AssertionError(f"{where} was refused without a reason")


def _convert(values: list[Any], datatype: Datatype, booleans: bool) -> Tensor | None:
    """A flat array, or None where some value is not the datatype's. No loop over good values."""
    try:
        if (booleans or datatype.name != "UINT8") and not datatype.json_types.issuperset(
            map(type, values)
        ):
            return None
        if datatype.name == "UINT8":
            # Refuses all but booleans and integers from 0 to 255, and faster than NumPy.
            return np.frombuffer(bytes(values), np.uint8)
        if datatype.kind == "bytes":
            return np.array(values, object)
        if datatype.kind != "float":
            return np.array(values, datatype.dtype)
    except (TypeError, ValueError, OverflowError):
        return None
    wide = np.array(values, np.float64)
    if not (np.abs(wide) <= np.finfo(datatype.dtype).max).all():
        return None
    return wide.astype(datatype.dtype)


def _blame(values: list[Any], datatype: Datatype, shape: Sequence[int], where: str) -> NoReturn:
    for i, value in enumerate(values):
        if not datatype.takes(value):
            raise InvalidError(
                f"{where}{_path(i, shape)} is {describe(value)}; {datatype.name} takes "
                f"{datatype.says}"
            )
    raise AssertionError(f"{where} was refused without a reason")


def _path(index: int, shape: Sequence[int]) -> str:
    """`[0][3][27]` for the element of a row-major index."""
    return "".join(f"[{i}]" for i in np.unravel_index(index, tuple(shape))) if shape else ""
