"""JSON Lines -> a table. Nested values are named but not read."""

from __future__ import annotations

import io

import polars as pl

from profiler.errors import ContentError
from profiler.limits import Limits
from profiler.parquet import is_flat, note_opaque
from profiler.shape import check_text
from profiler.table import Table, check_columns, check_names, check_rows, check_unpacked
from profiler.translate_errors import polars_errors

# A cell of polars takes at least so much.
_CELL_BYTES = 8


def read_json_lines(data: bytes, limits: Limits) -> Table:
    """Read one JSON object per line; the columns are the keys of all of them.

    Raises:
        UnreadableError: a line is no JSON object, or one key holds texts here and numbers there.
        ContentError: no rows, or column names that are too long.
        TooLargeError: more rows, columns or unpacked bytes than the limits.
    """
    check_text(data)
    check_rows(data.rstrip().count(b"\n") + 1, limits)
    with polars_errors("read as JSON Lines", "write one object per line, with the same keys"):
        frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
    if frame.width == 0:
        raise ContentError("file holds no keys; send at least one")
    check_columns(frame.width, limits)
    check_names(frame.columns)
    check_unpacked(int(frame.estimated_size()) + frame.height * _CELL_BYTES, limits)
    names = tuple(frame.columns)
    flat = [name for name in names if is_flat(frame.schema[name])]
    opaque = tuple(name for name in names if name not in flat)
    return Table(
        "json_lines", frame.select(flat), names, frame.height, opaque, notes=note_opaque(opaque)
    )
