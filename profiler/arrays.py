"""A table as arrays: what `read_table` returns, and how a child's answer becomes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profiler.result import Column
from profiler.wire import Frame

# Little-endian, whatever the machine.
NUMBERS, CODES = np.dtype("<f8"), np.dtype("<i4")
MISSING = -1


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """A column of numbers.

    values: float64 [rows]; NaN where the cell is missing or, in a column of kind `numeric`, one of
    the `about.stray` values that are not numbers. Integers beyond 2**53 are rounded.
    """

    about: Column
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CategoryColumn:
    """A column of anything else, each distinct text held once.

    codes: int32 [rows], indices into `categories`, or -1 where the cell is missing; categories:
    the distinct texts, sorted. Booleans are `true` and `false`, dates and times as ISO 8601.
    """

    about: Column
    codes: NDArray[np.int32]
    categories: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TableArrays:
    """The columns that were read, in the order of the file.

    opaque: names of nested and binary columns, which were not; notes say how the file was read.
    """

    rows: int
    columns: tuple[NumberColumn | CategoryColumn, ...]
    opaque: tuple[str, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def decode(frame: Frame) -> TableArrays:
    """The table that a child's answer holds.

    Raises:
        ValueError, LookupError, TypeError: the answer is not a table.
    """
    header = frame.header
    rows = int(header["rows"])
    return TableArrays(
        rows,
        tuple(_columns(header["columns"], frame.blobs, rows)),
        tuple(header["opaque"]),
        tuple(header["notes"]),
        tuple(header["warnings"]),
    )


def _columns(
    described: Sequence[Any], blobs: Sequence[bytes], rows: int
) -> Iterator[NumberColumn | CategoryColumn]:
    left = list(reversed(blobs))
    for column in described:
        about = Column(**column["about"])
        if column["type"] == "numbers":
            yield NumberColumn(about, _array(left.pop(), NUMBERS, rows).astype(np.float64))
        else:
            codes, categories = _array(left.pop(), CODES, rows), json.loads(left.pop())
            yield CategoryColumn(about, codes.astype(np.int32), tuple(categories))


def _array(blob: bytes, dtype: np.dtype[Any], rows: int) -> NDArray[Any]:
    array = np.frombuffer(blob, dtype)
    if len(array) != rows:
        raise ValueError(f"a column has {len(array)} rows, but the table {rows}")
    return array
