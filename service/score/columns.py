"""Which columns of a source feed which inputs of a model, and batches of them as its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from numpy.typing import NDArray

from contract.batch import Array, Batch
from contract.manifest import Manifest
from contract.messages import short
from contract.tensors import Input
from service.errors import InvalidError
from service.score.cells import Cells, cells_of, shapes, takes_pictures
from service.score.problems import Problems
from service.score.tables import Table, listed
from service.settings import Settings

Schema = Mapping[str, pl.DataType]


@dataclass(frozen=True)
class Bound:
    """The inputs of a model, found among the columns of a source.

    Attributes:
        table: the inputs that have columns by name; None without one.
        cells: the other inputs, by name, with the column of each.
        names: what the source calls a column of the table, where it is another name.
    """

    table: Table | None
    cells: Mapping[str, tuple[str, Cells]]
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The columns that are read."""
        return [
            *(self.table.columns if self.table else ()),
            *(column for column, _ in self.cells.values()),
        ]

    def kept(self, names: list[str]) -> list[str]:
        """The columns of a source that stay in its target: all but images and arrays."""
        gone = {column for column, _ in self.cells.values()}
        return [name for name in names if name not in gone]

    def open(self, columns: Mapping[str, pl.Series | NDArray[Any]], problems: Problems) -> Opened:
        """A batch of columns, of which tables are read at once and cells when they are needed.

        Raises:
            InvalidError: the first row of a table that is wrong, if problems are raised.
        """
        arrays: dict[str, Array] = {}
        if self.table is not None:
            named = {
                name: _series(name, columns[self.names.get(name, name)])
                for name in self.table.columns
            }
            arrays = self.table.read(named, problems)
        cells = {
            name: (cells_of(columns[column]), decoder)
            for name, (column, decoder) in self.cells.items()
        }
        return Opened(arrays, cells, problems)


@dataclass(frozen=True)
class Opened:
    """A batch of columns. `problems` are those of its tables."""

    arrays: Mapping[str, Array]
    cells: Mapping[str, tuple[NDArray[Any], Cells]]
    problems: Problems

    def piece(self, start: int, end: int) -> tuple[Batch, Problems]:
        """Some of the rows as inputs of the model, and their problems, counted from `start`.

        Raises:
            ServiceError: the first cell that is wrong, if problems are raised.
        """
        sentences = self.problems.sentences
        mine = Problems(
            lambda row, column: self.problems.where(start + row, column), fail=self.problems.fail
        )
        mine.sentences |= {i - start: sentences[i] for i in range(start, end) if i in sentences}
        arrays = {name: array[start:end] for name, array in self.arrays.items()}
        for name, (cells, decoder) in self.cells.items():
            arrays[name] = decoder.decode(cells[start:end], mine)
        return Batch(arrays), mine


def bind(
    manifest: Manifest, schema: Schema, source: str, settings: Settings, *,
    named: str | None = None, untyped: bool = False,
) -> Bound:  # fmt: skip
    """Find the inputs of a model among the columns of a source.

    Args:
        named: the column of the only input that is no column of a table.
        untyped: whether the columns are text of which values are parsed, as of a CSV file.

    Raises:
        InvalidError: a column is missing, of another type, or not to be told from another.
    """
    tabular = [tensor for tensor in manifest.inputs if tensor.columns]
    others = [tensor for tensor in manifest.inputs if not tensor.columns]
    fitted = manifest.comparison is not None
    table = Table(tabular, untyped=untyped, fitted=fitted) if tabular else None
    names = _profiled(schema) if fitted and untyped else {}
    if table is not None:
        table.check({**{name: schema[own] for name, own in names.items()}, **schema}, source)
    if named is not None and len(others) != 1:
        raise InvalidError(
            f"--column names the column of an image or an array, and the model takes "
            f"{len(others)} of them; leave it out"
        )
    if others and untyped:
        raise InvalidError(
            f"{source} is text, which holds no {_noun(others[0])}; the model takes "
            f"{short(others[0].name)}, name a Parquet file"
        )
    free = {n: dtype for n, dtype in schema.items() if table is None or n not in table.columns}
    cells = {}
    for tensor in others:
        wanted = named if len(others) == 1 else tensor.name
        column = _find(tensor, free, wanted, source)
        cells[tensor.name] = (column, Cells(tensor, column, settings))
    return Bound(table, cells, names)


def bind_arrays(
    manifest: Manifest, arrays: Mapping[str, NDArray[Any]], settings: Settings, named: str
) -> Bound:
    """The same among arrays, whose cells are looked at when they are decoded.

    Args:
        named: the column of the only input that is no column of a table.

    Raises:
        InvalidError: a column is missing, or of another type.
    """
    tabular = [tensor for tensor in manifest.inputs if tensor.columns]
    others = [tensor for tensor in manifest.inputs if not tensor.columns]
    fitted = manifest.comparison is not None
    table = Table(tabular, untyped=False, fitted=fitted) if tabular else None
    if table is not None:
        given = {name: _series(name, arrays[name]) for name in table.columns if name in arrays}
        table.check({name: series.dtype for name, series in given.items()}, "a batch")
    cells = {}
    for tensor in others:
        column = named if len(others) == 1 else tensor.name
        if column not in arrays:
            raise InvalidError(f"column {short(column)} is not among {', '.join(sorted(arrays))}")
        cells[tensor.name] = (column, Cells(tensor, column, settings))
    return Bound(table, cells)


def _profiled(schema: Schema) -> dict[str, str]:
    """The names that the profiler gives to columns of a CSV file, where they are not the file's."""
    names = {name.strip() or f"column_{i}": name for i, name in enumerate(schema, 1)}
    return {name: own for name, own in names.items() if name not in schema}


def _find(tensor: Input, schema: Schema, named: str | None, source: str) -> str:
    """The column named, or the only one of a fitting type."""
    what = f"{_noun(tensor)} ({_forms(tensor)})"
    if named is not None:
        if named not in schema:
            raise InvalidError(
                f"{source} has no column {short(named)}; --column may name {listed(list(schema))}"
            )
        if not _fits(schema[named], tensor):
            raise InvalidError(
                f"column {short(named)} of {source} is of type {schema[named]}, "
                f"which cannot hold {what}; name another with --column"
            )
        return named
    fitting = [name for name, dtype in schema.items() if _fits(dtype, tensor)]
    if len(fitting) != 1:
        found = f"{len(fitting)} columns of {what}: {listed(fitting)}; name one with --column"
        if not fitting:
            found = f"no column of {what}; its columns are {listed(list(schema))}"
        raise InvalidError(f"{source} has {found}")
    return fitting[0]


def _noun(tensor: Input) -> str:
    return "images" if tensor.content == "image" else "arrays"


def _forms(tensor: Input) -> str:
    if not tensor.row:
        return shapes(tensor)
    noun = shapes(tensor).rpartition(" ")[2]
    lists = f"lists of {tensor.row_size} {noun}"
    return f"PNG or JPEG bytes, or {lists}" if takes_pictures(tensor) else lists


def _fits(dtype: pl.DataType, tensor: Input) -> bool:
    """Bytes, or numbers in at most as many lists as a row has axes; fixed sizes must be its own."""
    if takes_pictures(tensor):
        if isinstance(dtype, pl.Struct):
            return any(field.name == "bytes" and field.dtype == pl.Binary for field in dtype.fields)
        if dtype == pl.Binary:
            return True
    if isinstance(dtype, pl.Array) and dtype.shape not in (tensor.row, (tensor.row_size,)):
        return False
    depth = 0
    inner: Any = dtype
    while isinstance(inner, pl.Array | pl.List):
        inner = inner.inner
        depth += 1
    if depth > len(tensor.row) or (depth == 0) != (not tensor.row):
        return False
    if tensor.datatype == "BOOL":
        return bool(inner == pl.Boolean)
    return bool(inner.is_integer() or (tensor.datatype.startswith("FP") and inner.is_float()))


def _series(name: str, values: pl.Series | NDArray[Any]) -> pl.Series:
    """A column given as an array; its objects must be of one type.

    Raises:
        InvalidError: they are not.
    """
    if isinstance(values, pl.Series):
        return values
    try:
        return pl.Series(name, values.tolist() if values.dtype == object else values)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise InvalidError(
            f"column {short(name)} holds values of several types; give it one"
        ) from error
