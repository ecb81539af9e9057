"""The columns of a table as the inputs of a model, found by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from contract.batch import Array
from contract.messages import short
from contract.tensors import Input
from service.errors import InvalidError
from service.score.fitted import fitted_reader
from service.score.problems import Problems
from service.score.values import ValueReader, reader_of


class Table:
    """Reads the columns that these inputs take.

    Args:
        inputs: each with the names of its columns.
        untyped: whether all columns are text, whose values are parsed.
        fitted: whether `fit` trained the model, so that cells are read as the profiler reads them.
    """

    def __init__(self, inputs: Sequence[Input], *, untyped: bool, fitted: bool = False) -> None:
        self._inputs = inputs
        self._untyped = untyped
        self._readers: dict[str, ValueReader] = {
            column: fitted_reader(tensor, i) if fitted else reader_of(tensor.datatype)
            for tensor in inputs
            for i, column in enumerate(tensor.columns)
        }

    @property
    def columns(self) -> list[str]:
        """Names, in the order of the inputs."""
        return list(self._readers)

    def check(self, schema: Mapping[str, pl.DataType], source: str) -> None:
        """Refuse a source whose columns are not those of the model.

        Raises:
            InvalidError: naming the columns that are missing, or one of another type.
        """
        if missing := [column for column in self._readers if column not in schema]:
            noun = "column" if len(missing) == 1 else "columns"
            raise InvalidError(
                f"{source} lacks the {noun} {listed(missing)} of the model; its columns are "
                f"{listed(list(schema))}"
            )
        for column, reader in self._readers.items():
            if not self._untyped and not reader.fits(schema[column]):
                raise InvalidError(
                    f"column {short(column)} of {source} is of type {schema[column]}; the model "
                    f"takes {reader.takes}"
                )

    def read(self, columns: Mapping[str, pl.Series], problems: Problems) -> dict[str, Array]:
        """The arrays of the inputs, [rows] or [rows, columns]; a filler where there is a problem.

        Raises:
            InvalidError: the first row that is wrong, if problems are raised.
        """
        arrays = {}
        found: list[tuple[int, str]] = []
        for tensor in self._inputs:
            read = {name: self._values(columns[name], name, found) for name in tensor.columns}
            values = list(read.values())
            arrays[tensor.name] = values[0] if not tensor.row else np.stack(values, axis=1)
        for row, name in sorted(found, key=lambda problem: problem[0]):
            value = _shown(columns[name][row])
            problems.add(row, name, f"is {value}; the column takes {self._readers[name].takes}")
        return arrays

    def _values(self, column: pl.Series, name: str, found: list[tuple[int, str]]) -> Array:
        reader = self._readers[name]
        values = reader.parse(column) if self._untyped else reader.read(column)
        found += [(row, name) for row in np.flatnonzero(values.wrong).tolist()]
        return values.array


def _shown(cell: object) -> str:
    return short(cell if cell is None or isinstance(cell, bool | int | float | str) else str(cell))


def listed(names: Sequence[str]) -> str:
    """Up to ten names, in quotes."""
    shown = ", ".join(map(short, names[:10]))
    return f"{shown}, ..." if len(names) > 10 else shown or "none"
