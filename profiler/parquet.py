"""Parquet -> a table. Nested and binary columns are named but not read."""

from __future__ import annotations

import io

import polars as pl

from profiler.errors import ContentError, UnreadableError
from profiler.limits import Limits
from profiler.messages import count, listed, shown
from profiler.table import Table, check_columns, check_names, check_rows, check_unpacked
from profiler.translate_errors import polars_errors

_MOST_WARNINGS = 20


def read_parquet(data: bytes, limits: Limits) -> Table:
    """Read the flat columns of a Parquet file.

    Raises:
        UnreadableError: broken, encrypted, or not as its headers say.
        ContentError: no rows, no columns, or column names that are too long.
        TooLargeError: more rows, columns or unpacked bytes than the limits.
    """
    with polars_errors("read as Parquet"):
        schema = pl.read_parquet_schema(io.BytesIO(data))
        rows = int(pl.scan_parquet(io.BytesIO(data)).select(pl.len()).collect().item())
    if not schema:
        raise ContentError("file holds no columns; send at least one")
    names = tuple(schema)
    check_columns(len(names), limits)
    check_names(names)
    check_rows(rows, limits)
    flat = [name for name, dtype in schema.items() if is_flat(dtype)]
    with polars_errors("read as Parquet"):
        # An empty list of columns would read them all.
        frame, warnings = _read(data, flat)
        check_unpacked(int(frame.estimated_size()), limits)
    opaque = tuple(name for name in names if name not in frame.columns)
    notes = note_opaque(opaque)
    return Table("parquet", frame, names, rows, opaque, notes=notes, warnings=warnings)


def _read(data: bytes, columns: list[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The columns that can be read, and a warning for each of the others.

    Raises:
        UnreadableError: none can be read.
    """
    if not columns:
        return pl.DataFrame(), ()
    try:
        with polars_errors("read as Parquet"):
            return pl.read_parquet(io.BytesIO(data), columns=columns), ()
    except UnreadableError:
        if len(columns) == 1:
            raise
    read, warnings = [], []
    for name in columns:
        try:
            with polars_errors("read"):
                read.append(pl.read_parquet(io.BytesIO(data), columns=[name]))
        except UnreadableError as error:
            warnings.append(f"column {shown(name)}: {error}")
    if not read:
        raise UnreadableError("file holds no column that can be read; write it again")
    return pl.concat(read, how="horizontal"), tuple(warnings[:_MOST_WARNINGS])


def is_flat(dtype: pl.DataType) -> bool:
    """Whether the cells are single values, which can be profiled."""
    return not dtype.is_nested() and dtype not in (pl.Binary, pl.Object, pl.Unknown)


def note_opaque(opaque: tuple[str, ...]) -> tuple[str, ...]:
    """A note on the columns that were not read, if any."""
    if not opaque:
        return ()
    return (
        f"{count(len(opaque), 'column')} of nested or binary values not read: {listed(opaque)}",
    )
