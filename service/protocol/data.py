"""The field `data` of a tensor: JSON values in row-major order, flat or nested like the shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from contract.messages import describe, short
from contract.tensors import largest_number
from service.errors import InvalidError
from service.protocol.datatypes import Datatype

Tensor = NDArray[Any]


def decode_data(
    data: Any, datatype: Datatype, shape: Sequence[int], where: str, *, booleans: bool = True
) -> Tensor:
    """The array of `shape` that holds the JSON values in `data`.

    Args:
        where: the field, for messages: `inputs[0].data`.
        booleans: False if the JSON is known to hold no booleans; UINT8 then skips the check of
            every value's type.

    Raises:
        InvalidError: `data` is not an array, its length or nesting does not match the shape, or
            a value is outside the datatype.
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
        _raise_for_value(values, datatype, shape if nested else [count], where)
    return array.reshape(shape)


def encode_data(array: Tensor, datatype: Datatype) -> Tensor | list[str]:
    """The values in row-major order, in a form that `orjson` can write."""
    if datatype.kind == "bytes":
        return array.ravel().tolist()
    return np.ascontiguousarray(array).reshape(-1)


def _flatten(data: list[Any], shape: Sequence[int], where: str) -> list[Any]:
    """The elements of nested lists; the lengths of the lists must match the shape."""
    level: list[Any] = [data]
    for depth, size in enumerate(shape):
        if set(map(type, level)) != {list} or set(map(len, level)) != {size}:
            _raise_for_nesting(level, shape, depth, where)
        level = list(chain.from_iterable(level))
    return level


def _raise_for_nesting(level: list[Any], shape: Sequence[int], depth: int, where: str) -> NoReturn:
    """Raise for the first item of a level that is not a list, or not of the shape's length."""
    size = shape[depth]
    for i, item in enumerate(level):
        place = where + _path(i, shape[:depth])
        if type(item) is not list:
            raise InvalidError(f"{place} is {describe(item)}; it must be an array of {size}")
        if len(item) != size:
            raise InvalidError(
                f"{place} has {len(item)} elements; shape {short(list(shape))} needs {size} there"
            )
    raise AssertionError(f"{where} was refused without a reason")


def _convert(values: list[Any], datatype: Datatype, booleans: bool) -> Tensor | None:
    """A flat array, or None if a value is outside the datatype. Python loops over no values."""
    try:
        if (booleans or datatype.name != "UINT8") and not datatype.json_types.issuperset(
            map(type, values)
        ):
            return None
        if datatype.name == "UINT8":
            # `bytes` accepts only booleans and integers from 0 to 255, and is faster than NumPy.
            return np.frombuffer(bytes(values), np.uint8)
        if datatype.kind == "bytes":
            return np.array(values, object)
        if datatype.kind != "float":
            return np.array(values, datatype.dtype)
    except (TypeError, ValueError, OverflowError):
        return None
    wide = np.array(values, np.float64)
    if not (np.abs(wide) <= largest_number(datatype.dtype)).all():
        return None
    return wide.astype(datatype.dtype)


def _raise_for_value(
    values: list[Any], datatype: Datatype, shape: Sequence[int], where: str
) -> NoReturn:
    for i, value in enumerate(values):
        if not datatype.takes(value):
            raise InvalidError(
                f"{where}{_path(i, shape)} is {describe(value)}; {datatype.name} takes "
                f"{datatype.range}"
            )
    raise AssertionError(f"{where} was refused without a reason")


def _path(index: int, shape: Sequence[int]) -> str:
    """The subscript of the element with a row-major index, such as `[0][3][27]`."""
    return "".join(f"[{i}]" for i in np.unravel_index(index, tuple(shape))) if shape else ""
