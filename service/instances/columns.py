"""Rows of a table as arrays: one JSON object per row, its values by column name.

Values are checked by type and never converted between kinds: a number in quotes is no number. null
is missing, which is NaN for numbers and the empty string for text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, NoReturn

import numpy as np

from contract.batch import Array, Batch
from contract.messages import describe, short
from contract.tensors import Input, largest_number
from service.errors import InvalidError

_NUMBER = frozenset({int, float, type(None)})
_INTEGER = frozenset({int})
_BOOLEAN = frozenset({bool})
_TEXT = frozenset({str, type(None)})
_WORDS = {False: "false", True: "true"}
# A message names this many columns; a table may have thousands.
_NAMED = 10
# Up to so many values are compared faster one by one than as an array.
_FEW_VALUES = 64


class ColumnDecoder:
    """Decodes rows of the tables that these inputs take. Safe to call from several threads.

    Args:
        inputs: each with the names of its columns.
    """

    def __init__(self, inputs: Sequence[Input]) -> None:
        self._groups = [_Group(group) for group in _grouped(inputs)]
        self.columns = [column for group in self._groups for column in group.columns]
        self._expected = {c: group for group in self._groups for c in group.columns}
        self._single = len(inputs) == 1
        names = self.columns
        getter = itemgetter(*names)
        self._values: Callable[[dict[str, Any]], tuple[Any, ...]] = (
            getter if len(names) > 1 else lambda row: (getter(row),)
        )

    def decode(self, instances: list[Any]) -> Batch:
        """The arrays of the inputs, by name.

        Args:
            instances: objects with a value for each column; where the model takes one tensor, a
                row may be the array of its values too.

        Raises:
            InvalidError: naming the row, the column and what it takes.
        """
        rows = self._rows(instances)
        columns = rows[0] if len(rows) == 1 else tuple(chain.from_iterable(zip(*rows, strict=True)))
        arrays: dict[str, Array] = {}
        start = 0
        for group in self._groups:
            end = start + len(group.columns) * len(rows)
            if not group.decode(columns[start:end], len(rows), arrays):
                self._blame(instances)
            start = end
        return Batch.aligned(arrays, len(rows))

    def _rows(self, instances: list[Any]) -> list[tuple[Any, ...]]:
        """The values of each row, in the order of the columns."""
        count = len(self.columns)
        rows = []
        try:
            for row in instances:
                if type(row) is dict and len(row) == count:
                    rows.append(self._values(row))
                elif self._single and type(row) is list and len(row) == count:
                    rows.append(tuple(row))
                else:
                    self._blame(instances)
        except KeyError:
            self._blame(instances)
        return rows

    def _blame(self, instances: list[Any]) -> NoReturn:
        """Find the first thing wrong and say it."""
        for i, row in enumerate(instances):
            if type(row) is list and self._single:
                row = self._named(row, i)
            if type(row) is not dict:
                raise InvalidError(
                    f"instances[{i}] is {describe(row)}; a row is an object with a value for each "
                    f"column: {self._listed()}",
                    loc=["instances", i],
                )
            self._blame_names(row, i)
            for column, value in row.items():
                self._expected[column].check(column, value, i)
        raise AssertionError("rows were refused without a reason")

    def _named(self, row: list[Any], i: int) -> dict[str, Any]:
        if len(row) != len(self.columns):
            raise InvalidError(
                f"instances[{i}] has {len(row)} values; the model takes {len(self.columns)}: "
                f"{self._listed()}",
                loc=["instances", i],
            )
        return dict(zip(self.columns, row, strict=True))

    def _blame_names(self, row: dict[str, Any], i: int) -> None:
        for column in row:
            if column not in self._expected:
                raise InvalidError(
                    f"instances[{i}] has the column {short(column)}, which the model does not "
                    f"take; it takes {self._listed()}",
                    loc=["instances", i, column[:100]],
                )
        if missing := [column for column in self.columns if column not in row]:
            more = f" and {len(missing) - 1} more columns" if len(missing) > 1 else ""
            raise InvalidError(
                f"instances[{i}] lacks the column {short(missing[0])}{more}; send null where a "
                "value is missing",
                loc=["instances", i, missing[0][:100]],
            )

    def _listed(self) -> str:
        shown = ", ".join(self.columns[:_NAMED])
        left = len(self.columns) - _NAMED
        return f"{shown} and {left} more" if left > 0 else shown


def _grouped(inputs: Sequence[Input]) -> list[list[Input]]:
    """Inputs of one column each and one datatype together: they are converted at once."""
    groups: dict[Any, list[Input]] = {}
    for tensor in inputs:
        alone = len(tensor.columns) > 1
        key = tensor.name if alone else (tensor.datatype, tensor.content == "number")
        groups.setdefault(key, []).append(tensor)
    return list(groups.values())


def _truths(tensor: Input) -> dict[str, dict[bool, str]]:
    """Columns of which training saw only true and false, with its spelling of each.

    A Parquet file has `true` and `false`, pandas writes `True` and `False` to a CSV file.
    """
    found = {}
    for column, seen in zip(tensor.columns, tensor.seen, strict=False):
        if seen.content == "category" and seen.categories:
            spelled = {category.lower(): category for category in sorted(seen.categories)}
            if {"true", "false"}.issuperset(spelled):
                found[column] = {value: spelled.get(word, word) for value, word in _WORDS.items()}
    return found


class _Group:
    """Inputs of one datatype: several of one column each, or one of several columns."""

    def __init__(self, inputs: list[Input]) -> None:
        self.columns = [column for tensor in inputs for column in tensor.columns]
        self._names = [tensor.name for tensor in inputs]
        self._is_matrix = len(inputs) == 1 and len(self.columns) > 1
        self._vectors = [tensor.name for tensor in inputs if len(tensor.shape) == 1]
        self._datatype = inputs[0].datatype
        self._dtype = inputs[0].dtype
        self._float = self._datatype.startswith("FP")
        if self._float:
            self._limit = largest_number(self._dtype)
            self._types, self.takes = _NUMBER, f"a number up to {self._limit:g}, or null"
        elif self._datatype == "BYTES":
            self._types, self.takes = _TEXT, "a string, or null"
            self._truths = {c: words for t in inputs for c, words in _truths(t).items()}
        elif self._datatype == "BOOL":
            self._types, self.takes = _BOOLEAN, "true or false"
        else:
            self._low, self._high = np.iinfo(self._dtype).min, np.iinfo(self._dtype).max
            self._types, self.takes = _INTEGER, f"an integer from {self._low} to {self._high}"

    def decode(self, values: tuple[Any, ...], rows: int, into: dict[str, Array]) -> bool:
        """Add the arrays of the inputs; False if some value is not what its column takes.

        Args:
            values: those of all rows, column by column.
        """
        if not self._types.issuperset(map(type, values)):
            written = self._written(values, rows) if self._datatype == "BYTES" else None
            if written is None:
                return False
            values = written
        if self._datatype == "BYTES":
            array = np.empty(len(values), object)
            array[:] = ["" if value is None else value for value in values]
        else:
            try:
                # NumPy writes None as NaN.
                array = np.array(values, np.float64 if self._float else self._dtype)
            except OverflowError:
                return False
            if self._float:
                # A number out of range must not become infinite.
                if not self._within(values, array):
                    return False
                array = array.astype(self._dtype, copy=False)
        self._store(array, rows, into)
        return True

    def _written(self, values: tuple[Any, ...], rows: int) -> tuple[Any, ...] | None:
        """The values with true and false as text, or None if a column takes no booleans."""
        columns = (column for column in self.columns for _ in range(rows))
        found = []
        for column, value in zip(columns, values, strict=True):
            if type(value) is bool and column in self._truths:
                found.append(self._truths[column][value])
            elif type(value) in self._types:
                found.append(value)
            else:
                return None
        return tuple(found)

    def _within(self, values: tuple[Any, ...], array: Array) -> bool:
        """True if every number is in the range of the datatype."""
        if len(values) <= _FEW_VALUES:
            limit = self._limit
            return not any(v is not None and (v > limit or v < -limit) for v in values)
        return not (np.abs(array) > self._limit).any()

    def _store(self, array: Array, rows: int, into: dict[str, Array]) -> None:
        """The arrays of the inputs, from the values column by column."""
        if self._is_matrix:
            into[self._names[0]] = np.ascontiguousarray(array.reshape(-1, rows).T)
            return
        into.update(zip(self._names, array.reshape(-1, rows, 1), strict=True))
        for name in self._vectors:
            into[name] = into[name][:, 0]

    def check(self, column: str, value: Any, i: int) -> None:
        """Raise InvalidError if a column does not take a value."""
        takes = self.takes
        right = type(value) in self._types
        if self._datatype == "BYTES" and column in self._truths:
            takes = "a string, true, false, or null"
            right |= type(value) is bool
        if right and self._float and value is not None:
            right = not abs(value) > self._limit  # NaN, which JSON does not have, is missing
        elif right and self._types is _INTEGER:
            right = self._low <= value <= self._high
        if not right:
            raise InvalidError(
                f"instances[{i}].{column} is {describe(value)}; the column takes {takes}",
                loc=["instances", i, column[:100]],
            )
