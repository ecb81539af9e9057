"""Values of a table's column as an array of a tensor's datatype, with the checks of a request's.

null is missing: NaN for floats and the empty string for text; other types have no missing value.
Values are never converted between kinds, but for whole numbers that a model takes as text, such as
postcodes, and for the text of a CSV file, whose columns have no types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from contract.batch import Array
from contract.tensors import DTYPES, Datatype

_INTEGERS = frozenset(
    {pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64}
)


class Values(NamedTuple):
    """array: [rows], with a filler where `wrong`, bool [rows], says that a row has no value."""

    array: Array
    wrong: NDArray[np.bool_]


class ValueReader(Protocol):
    """Reads the columns of one datatype. `takes` completes the sentence `the column takes`."""

    takes: str

    def fits(self, dtype: pl.DataType) -> bool:
        """True if a typed column can hold such values."""

    def read(self, column: pl.Series) -> Values:
        """The values of a typed column that fits."""

    def parse(self, column: pl.Series) -> Values:
        """The values that the texts of an untyped column are."""


def reader_of(datatype: Datatype) -> ValueReader:
    """The reader of a datatype's columns."""
    return _READERS.get(datatype, _Integers)(datatype)


class _Floats:
    def __init__(self, datatype: Datatype) -> None:
        self._dtype = DTYPES[datatype]
        self._limit = float(np.finfo(self._dtype).max)
        self.takes = f"a number up to {self._limit:g}, or nothing"

    def fits(self, dtype: pl.DataType) -> bool:
        return dtype.is_numeric() or dtype == pl.Null

    def read(self, column: pl.Series) -> Values:
        wide = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return self._narrow(wide, np.zeros(len(column), bool))

    def parse(self, column: pl.Series) -> Values:
        texts = _texts(column)
        numbers = texts.cast(pl.Float64, strict=False)
        wrong = (numbers.is_null() & texts.is_not_null()).to_numpy()
        return self._narrow(numbers.fill_null(float("nan")).to_numpy(), wrong)

    def _narrow(self, wide: NDArray[np.float64], wrong: NDArray[np.bool_]) -> Values:
        wrong = wrong | (np.abs(wide) > self._limit)
        return Values(np.where(wrong, np.nan, wide).astype(self._dtype), wrong)


class _Integers:
    def __init__(self, datatype: Datatype) -> None:
        self._dtype = DTYPES[datatype]
        self._parsed = pl.UInt64 if datatype == "UINT64" else pl.Int64
        limits = np.iinfo(self._dtype)
        self._low, self._high = int(limits.min), int(limits.max)
        self.takes = f"an integer from {self._low} to {self._high}"

    def fits(self, dtype: pl.DataType) -> bool:
        return dtype in _INTEGERS

    def read(self, column: pl.Series) -> Values:
        values = column.fill_null(0).to_numpy()
        wrong = column.is_null().to_numpy() | (values < self._low) | (values > self._high)
        return Values(np.where(wrong, 0, values).astype(self._dtype), wrong)

    def parse(self, column: pl.Series) -> Values:
        return self.read(_texts(column).cast(self._parsed, strict=False))


class _Booleans:
    takes = "true or false"

    def __init__(self, datatype: Datatype) -> None:
        self._dtype = DTYPES[datatype]

    def fits(self, dtype: pl.DataType) -> bool:
        return dtype == pl.Boolean

    def read(self, column: pl.Series) -> Values:
        values = column.fill_null(False).to_numpy().astype(self._dtype)
        return Values(values, column.is_null().to_numpy())

    def parse(self, column: pl.Series) -> Values:
        texts = _texts(column).str.to_lowercase()
        known = texts.is_in(["true", "false"]).fill_null(False)
        return Values((texts == "true").fill_null(False).to_numpy(), ~known.to_numpy())


class _Texts:
    takes = "text, or nothing"

    def __init__(self, datatype: Datatype) -> None:
        self._dtype = DTYPES[datatype]

    def fits(self, dtype: pl.DataType) -> bool:
        words = dtype in (pl.String, pl.Null) or isinstance(dtype, pl.Categorical | pl.Enum)
        return words or dtype in _INTEGERS or dtype == pl.Boolean

    def read(self, column: pl.Series) -> Values:
        # A boolean becomes true or false, as the profiler reads it.
        values = np.array(column.cast(pl.String).fill_null("").to_list(), self._dtype)
        return Values(values, np.zeros(len(column), bool))

    def parse(self, column: pl.Series) -> Values:
        return self.read(column)


def _texts(column: pl.Series) -> pl.Series:
    """Without the spaces around them; null where nothing is left."""
    return column.str.strip_chars().replace("", None)


_READERS: Mapping[str, Callable[[Datatype], ValueReader]] = {
    "FP16": _Floats,
    "FP32": _Floats,
    "FP64": _Floats,
    "BOOL": _Booleans,
    "BYTES": _Texts,
}
