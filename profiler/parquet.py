"""Parquet -> a table. Nested and binary columns are named but not read."""

from __future__ import annotations

import io

import polars as pl

from profiler.errors import ContentError
from profiler.limits import Limits
from profiler.messages import count, listed
from profiler.table import Table, check_columns, check_names, check_rows, check_unpacked
from profiler.translate_errors import polars_errors


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
    flat = [name for name, dtype in schema.items() if _is_flat(dtype)]
    with polars_errors("read as Parquet"):
        # An empty list of columns would read them all.
        frame = pl.read_parquet(io.BytesIO(data), columns=flat) if flat else pl.DataFrame()
        check_unpacked(int(frame.estimated_size()), limits)
    opaque = tuple(name for name in names if name not in flat)
    notes = _notes(opaque)
    return Table("parquet", frame, names, rows, opaque, notes=notes)


def _is_flat(dtype: pl.DataType) -> bool:
    return not dtype.is_nested() and dtype not in (pl.Binary, pl.Object, pl.Unknown)


def _notes(opaque: tuple[str, ...]) -> tuple[str, ...]:
    if not opaque:
        return ()
    return (
        f"{count(len(opaque), 'column')} of nested or binary values not read: {listed(opaque)}",
    )
