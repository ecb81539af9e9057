"""A table in memory, from whichever format, and the checks that every table passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from profiler.errors import ContentError, TargetError, TooLargeError
from profiler.limits import Limits
from profiler.messages import listed, shown
from profiler.number_text import DecimalMark

_LONGEST_NAME = 200


@dataclass(frozen=True)
class Table:
    """frame: the columns that were read, [rows, columns]; opaque: names of the other columns.

    names: of all columns, in the order of the file; delimiter: of a CSV.
    """

    format: Literal["csv", "json_lines", "parquet"]
    frame: pl.DataFrame
    names: tuple[str, ...]
    rows: int
    opaque: tuple[str, ...] = ()
    delimiter: str | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def decimal_mark(self) -> DecimalMark:
        """The mark to assume in `1,234`: files with semicolons have them for its sake."""
        return "," if self.delimiter == ";" else "."


def check_most_rows(rows: int, limits: Limits) -> None:
    """Refuse too many rows."""
    if rows > limits.max_rows:
        raise TooLargeError(
            f"file holds {rows:,} rows; the limit is {limits.max_rows:,}: send a sample"
        )


def check_rows(rows: int, limits: Limits) -> None:
    """Refuse too many rows, and a table without rows."""
    check_most_rows(rows, limits)
    if rows == 0:
        raise ContentError("file holds 0 rows below its header; send at least one")


def check_columns(columns: int, limits: Limits) -> None:
    """Refuse too many columns."""
    if columns > limits.max_columns:
        raise TooLargeError(
            f"file holds {columns:,} columns; the limit is {limits.max_columns:,}: "
            "drop those that are not needed"
        )


def check_unpacked(size: int, limits: Limits) -> None:
    """Refuse a table of too many bytes."""
    if size > limits.max_unpacked_bytes:
        raise TooLargeError(
            f"file unpacks to a table of {size:,} bytes; the limit is "
            f"{limits.max_unpacked_bytes:,}: send a sample of its rows"
        )


def check_names(names: Sequence[str]) -> None:
    """Refuse names that repeat or are too long.

    Raises:
        ContentError: naming the first such column.
    """
    for name in names:
        if len(name) > _LONGEST_NAME:
            raise ContentError(
                f"column name {shown(name)} has {len(name):,} characters; the limit is "
                f"{_LONGEST_NAME}: give the file a header line of short names"
            )
    if double := [name for name, n in Counter(names).items() if n > 1]:
        raise ContentError(
            f"column name {shown(double[0])} occurs more than once; rename one, or add a header "
            "line if the first line is data"
        )


def check_target(target: str | None, names: Sequence[str]) -> None:
    """Refuse a target that is not a column.

    Raises:
        TargetError: listing the first columns.
    """
    if target is not None and target not in names:
        raise TargetError(
            f"target {shown(target)} is not a column of the file; its columns are {listed(names)}"
        )
