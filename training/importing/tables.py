"""Sample inputs in a file: an .npz archive of arrays, or a CSV or Parquet table of columns.

Numbers keep their meaning: a float may be rounded to the graph's precision, a whole number must
fit. A missing value is NaN for floats and the empty string for text; other types have none.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl

from contract.batch import Array
from contract.tensors import DTYPES, Datatype
from training.errors import ImportModelError


class Samples(Protocol):
    """Named columns of samples, all of the same number of rows."""

    path: Path
    names: tuple[str, ...]
    rows: int

    def array(self, name: str, datatype: Datatype) -> Array:
        """A column, or an array of several axes, as this datatype.

        Raises:
            ImportModelError: a value is none of this datatype.
        """

    def values(self, name: str) -> Array:
        """A column as the file holds it: numbers, or objects that are text or None."""


def read_samples(path: Path) -> Samples:
    """Open a file of samples; columns are read when they are asked for.

    Raises:
        ImportModelError: it cannot be read, or is of no known kind.
    """
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise ImportModelError(
            f"{path} is no .npz, .csv, .csv.gz or .parquet file; save the samples as one"
        )
    try:
        return reader(path)
    except ImportModelError:
        raise
    except Exception as error:  # zipfile, NumPy and polars raise a dozen kinds between them
        reason = str(error).partition("\n")[0]
        raise ImportModelError(f"{path} cannot be read: {reason}") from error


class Archive:
    """An .npz archive: arrays by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._arrays = _arrays(path)
        self.names = tuple(self._arrays)
        lengths = {name: len(array) for name, array in self._arrays.items()}
        if not lengths or len(set(lengths.values())) > 1 or 0 in lengths.values():
            shown = ", ".join(f"{name} has {rows}" for name, rows in lengths.items())
            raise ImportModelError(
                f"{path} must hold arrays of the same number of rows, at least one: "
                f"{shown or 'it has none'}"
            )
        self.rows = next(iter(lengths.values()))

    def values(self, name: str) -> Array:
        """The array as it is; text as objects."""
        array = self._arrays[name]
        return array.astype(object) if array.dtype.kind == "U" else array

    def array(self, name: str, datatype: Datatype) -> Array:
        """The array as this datatype, of the same shape."""
        values = self.values(name)
        if datatype == "BYTES" and values.dtype.kind in "iu":
            values = values.astype(np.str_).astype(object)
        if (datatype == "BYTES") != (values.dtype == object):
            kind = "text" if values.dtype == object else f"of type {values.dtype}"
            raise _unfit(self.path, name, f"is {kind}", datatype)
        return values if datatype == "BYTES" else _narrow(values, datatype, self.path, name)


def _arrays(path: Path) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, array in arrays.items():
        if array.ndim == 0 or array.dtype.kind not in "biufU":
            raise ImportModelError(
                f"{path}: array {name!r} is {array.dtype} {list(array.shape)}; save "
                "arrays of numbers, booleans or text (dtype str) with one row per sample"
            )
    return arrays


class Table:
    """Columns of a data frame, read one at a time.

    Args:
        untyped: True if all columns are text, of which numbers are parsed.
    """

    def __init__(self, path: Path, frame: pl.LazyFrame, *, untyped: bool) -> None:
        self.path = path
        self._frame = frame
        self._untyped = untyped
        self.names = tuple(frame.collect_schema().names())
        self.rows = frame.select(pl.len()).collect().item()
        if not self.names or not self.rows:
            raise ImportModelError(f"{path} holds no rows; give at least two")

    def _column(self, name: str) -> pl.Series:
        series = self._frame.select(name).collect().to_series()
        if isinstance(series.dtype, pl.Categorical | pl.Enum):
            return series.cast(pl.String)
        known = series.dtype in (pl.String, pl.Boolean)
        if not (known or series.dtype.is_integer() or series.dtype.is_float()):
            raise ImportModelError(
                f"{self.path}: column {name!r} is {series.dtype}; give numbers, booleans or text"
            )
        return series

    def values(self, name: str) -> Array:
        """The column: numbers, or objects that are text or None."""
        series = self._column(name)
        if series.dtype == pl.String or series.null_count():
            return np.array(series.to_list(), dtype=object)
        return series.to_numpy()

    def array(self, name: str, datatype: Datatype) -> Array:
        """The column as this datatype [rows]."""
        series = self._column(name)
        if datatype == "BYTES":
            if series.dtype != pl.String and not series.dtype.is_integer():
                raise _unfit(self.path, name, f"is {series.dtype}", datatype)
            return np.array(series.cast(pl.String).fill_null("").to_list(), dtype=object)
        if series.dtype == pl.String:
            series = self._numbers(name, series, datatype)
        if series.null_count() and not datatype.startswith("FP"):
            raise _unfit(self.path, name, "has missing values", datatype)
        if series.null_count():
            series = series.cast(pl.Float64).fill_null(float("nan"))
        return _narrow(series.to_numpy(), datatype, self.path, name)

    def _numbers(self, name: str, series: pl.Series, datatype: Datatype) -> pl.Series:
        """The numbers that the texts of an untyped file are."""
        if not self._untyped:
            raise _unfit(self.path, name, "is text", datatype)
        target = pl.Float64 if datatype.startswith("FP") else pl.Int64
        numbers = series.str.strip_chars().cast(target, strict=False)
        wrong = numbers.is_null() & series.is_not_null()
        if wrong.any():
            row = wrong.arg_max() or 0
            found = f"is {series[row]!r} in row {row + 1}"
            raise _unfit(self.path, name, found, datatype)
        return numbers


def _csv(path: Path) -> Table:
    _check_fields(path)
    # As text: what looks like a number may be a category, 01234 a postcode. The whole file at once:
    # a fault in any column is found here.
    return Table(path, pl.read_csv(path, infer_schema=False).lazy(), untyped=True)


def _check_fields(path: Path) -> None:
    """Raise ImportModelError for a row of another number of fields; polars would fill or cut it."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        names = next(rows, [])
        for number, row in enumerate(rows, 1):
            if row and len(row) != len(names):
                raise ImportModelError(
                    f"{path}: row {number} has {len(row)} fields and the header {len(names)}; put "
                    "values with a comma in quotes"
                )


def _parquet(path: Path) -> Table:
    return Table(path, pl.scan_parquet(path), untyped=False)


_READERS: Mapping[str, Callable[[Path], Samples]] = {
    ".npz": Archive,
    ".csv": _csv,
    ".gz": _csv,
    ".parquet": _parquet,
}


def _narrow(array: Array, datatype: Datatype, path: Path, name: str) -> Array:
    """Numbers as a datatype that holds them."""
    dtype = DTYPES[datatype]
    if array.dtype == dtype:
        return array
    with np.errstate(invalid="ignore", over="ignore"):
        narrow = array.astype(dtype)
    if datatype.startswith("FP"):
        changed = np.isfinite(array) & ~np.isfinite(narrow)
    else:
        changed = narrow != array
    if changed.any():
        first: Any = array[changed].ravel()[0]
        raise _unfit(path, name, f"holds {first}", datatype)
    return narrow


def _unfit(path: Path, name: str, found: str, datatype: Datatype) -> ImportModelError:
    takes = "text" if datatype == "BYTES" else datatype
    return ImportModelError(
        f"{path}: column {name!r} {found}, but the graph takes {takes} there; change "
        "the samples, or name other columns with --columns"
    )
