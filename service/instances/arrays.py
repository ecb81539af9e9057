"""Plain arrays of numbers: inputs without column names that are no images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from contract.batch import Array
from contract.messages import describe
from contract.tensors import Input, largest_number
from service.errors import InvalidError
from service.instances.places import location

_JSON_TYPES = {"FP": frozenset({int, float}), "BO": frozenset({bool})}


class ArrayDecoder:
    """Decodes the rows of one input: nested lists of the row's shape.

    Args:
        tensor: numbers or booleans.
    """

    def __init__(self, tensor: Input) -> None:
        self._shape = tensor.row
        self._dtype = tensor.dtype
        self._types = _JSON_TYPES.get(tensor.datatype[:2], frozenset({int}))
        self._float = tensor.datatype.startswith("FP")
        if self._float:
            limit = largest_number(self._dtype)
            self._range: tuple[float, float] = (-limit, limit)
            self._takes = f"a number up to {limit:g}"
        elif tensor.datatype == "BOOL":
            self._range = (False, True)
            self._takes = "true or false"
        else:
            info = np.iinfo(self._dtype)
            self._range = (int(info.min), int(info.max))
            self._takes = f"an integer from {info.min} to {info.max}"

    def decode(self, values: Sequence[Any], places: Sequence[str]) -> Array:
        """The rows as one array.

        Args:
            values: one nested list per row; a number where a row is a single one.
            places: of each row, for messages: `instances[0]`.

        Raises:
            InvalidError: naming the first element that is wrong.
        """
        found: list[Any] = []
        for value, place in zip(values, places, strict=True):
            self._flatten(value, self._shape, place, found)
        try:
            wide = np.array(found, np.float64 if self._float else self._dtype)
        except OverflowError:
            self._blame(found, places)
        if self._float and not (np.abs(wide) <= self._range[1]).all():
            self._blame(found, places)
        return wide.astype(self._dtype, copy=False).reshape(len(values), *self._shape)

    def _flatten(self, value: Any, shape: tuple[int, ...], place: str, into: list[Any]) -> None:
        """Append the numbers of nested lists whose lengths are the shape's."""
        if not shape:
            if type(value) not in self._types:
                self._refuse(value, place)
            into.append(value)
            return
        if type(value) is not list or len(value) != shape[0]:
            had = f"has {len(value)} elements" if type(value) is list else f"is {describe(value)}"
            raise InvalidError(
                f"{place} {had}; it must be an array of shape {list(shape)}", loc=location(place)
            )
        if len(shape) == 1 and self._types.issuperset(map(type, value)):
            into.extend(value)
            return
        for i, item in enumerate(value):
            self._flatten(item, shape[1:], f"{place}[{i}]", into)

    def _blame(self, found: list[Any], places: Sequence[str]) -> NoReturn:
        low, high = self._range
        for i, value in enumerate(found):
            if not low <= value <= high:
                row, element = divmod(i, len(found) // len(places))
                index = np.unravel_index(element, self._shape) if self._shape else ()
                self._refuse(value, places[row] + "".join(f"[{k}]" for k in index))
        raise AssertionError("numbers were refused without a reason")

    def _refuse(self, value: Any, place: str) -> NoReturn:
        raise InvalidError(
            f"{place} is {describe(value)}; it must be {self._takes}", loc=location(place)
        )
