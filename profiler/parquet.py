"""Parquet -> a table, after an audit of what it would unpack to.

A file of a kilobyte can hold gigabytes: runs of one value, pages that inflate a thousandfold, a
long text in a dictionary that a million rows point to. What the headers say must keep the limits
before polars sees the file; what the texts would take written out, before they are looked at.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from profiler.errors import ContentError, UnreadableError
from profiler.limits import Limits
from profiler.messages import count, listed
from profiler.parquet_headers import Outline, outline, unpacked_pages
from profiler.table import Table, check_columns, check_names, check_rows, check_unpacked
from profiler.thrift import HeaderError
from profiler.translate_errors import polars_errors

if TYPE_CHECKING:
    import polars as pl


def read_parquet(data: bytes, limits: Limits) -> Table:
    """Read the flat columns of a Parquet file.

    Raises:
        UnreadableError: truncated, or headers that are broken or disagree.
        ContentError: no rows or columns, double names, or an encoding that hides its size.
        TooLargeError: more rows, columns, pages or unpacked bytes than the limits.
    """
    try:
        found = outline(data)
        if not found.columns:
            raise ContentError("file holds no columns; send at least one")
        check_columns(len(found.columns), limits)
        check_names(found.columns)
        check_rows(found.rows, limits)
        check_unpacked(found.rows * sum(leaf.width for leaf in found.flat), limits)
        check_unpacked(unpacked_pages(data, found), limits)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # HeaderError is a ValueError. The others: a field is absent, or of another type than
        # parquet.thrift gives it.
        raise UnreadableError(
            f"file is a Parquet file with broken headers ({_reason(error)}); write it again"
        ) from error
    return _table(data, found, limits)


def _table(data: bytes, outline: Outline, limits: Limits) -> Table:
    import polars as pl

    names = [leaf.name for leaf in outline.flat]
    with polars_errors("read as Parquet"):
        # An empty list of columns would read them all.
        frame = pl.read_parquet(io.BytesIO(data), columns=names) if names else pl.DataFrame()
    if frame.height != outline.rows and names:
        raise UnreadableError(
            f"file says it holds {outline.rows:,} rows but {frame.height:,} can be read; "
            "write it again"
        )
    frame = frame.drop([name for name in names if not _readable(frame[name].dtype)])
    read = set(frame.columns)
    opaque = tuple(name for name in outline.columns if name not in read)
    check_unpacked(sum(_text_bytes(frame)), limits)
    notes = []
    if opaque:
        notes.append(
            f"{count(len(opaque), 'column')} of nested or binary values not read: {listed(opaque)}"
        )
    return Table("parquet", frame, outline.columns, outline.rows, opaque, notes=tuple(notes))


def _readable(dtype: pl.DataType) -> bool:
    import polars as pl

    return not dtype.is_nested() and dtype not in (pl.Binary, pl.Object, pl.Unknown)


def _text_bytes(frame: pl.DataFrame) -> Iterator[int]:
    """Bytes of each text column if every cell were written out; views may share them."""
    import polars as pl

    with polars_errors("read as Parquet"):
        for name in frame.select(pl.col(pl.String)).columns:
            yield int(frame[name].str.len_bytes().sum() or 0)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, HeaderError) else "a field is absent or of a wrong type"
