"""A table -> the frame that `profiler.arrays` decodes. Runs in the child."""

from __future__ import annotations

import json
from dataclasses import asdict

import polars as pl

from profiler.arrays import CODES, MISSING, NUMBERS
from profiler.columns import describe
from profiler.errors import UnreadableError
from profiler.messages import shown
from profiler.table import Table
from profiler.translate_errors import polars_errors
from profiler.values import Values, fold, is_text, stripped, values_of
from profiler.wire import Frame


def encode(table: Table) -> Frame:
    """One blob for a column of numbers; codes and categories for any other.

    A column that cannot be read is named beside the opaque ones, with a warning.
    """
    columns, blobs, unread, warnings = [], [], [], []
    for series in table.frame:
        try:
            column, encoded = _column(table, series)
        except UnreadableError as error:
            unread.append(series.name)
            warnings.append(f"column {shown(series.name)}: {error}")
        else:
            columns.append(column)
            blobs += encoded
    header = {
        "rows": table.rows,
        "columns": columns,
        "opaque": [name for name in table.names if name in {*table.opaque, *unread}],
        "notes": table.notes,
        "warnings": [*table.warnings, *warnings],
    }
    return Frame(header, blobs)


def _column(table: Table, series: pl.Series) -> tuple[dict[str, object], list[bytes]]:
    """A column's description and its blobs.

    Raises:
        UnreadableError: polars cannot convert its values.
    """
    with polars_errors("read"):
        values = values_of(series, table.decimal_mark)
        about = describe(values)
        is_number = about.kind == "numeric" or series.dtype.is_numeric()
        blobs = [_numbers(series, values)] if is_number else _categories(series, values)
    return {"about": asdict(about), "type": "numbers" if is_number else "categories"}, blobs


def _numbers(series: pl.Series, values: Values) -> bytes:
    if is_text(series):
        series = stripped(series)
    if values.number is not None and values.note:
        numbers = series.replace_strict(
            values.value, values.number, default=None, return_dtype=pl.Float64
        )
    else:
        numbers = series.cast(pl.Float64, strict=False)
    return numbers.fill_null(float("nan")).to_numpy().astype(NUMBERS).tobytes()


def _categories(series: pl.Series, values: Values) -> list[bytes]:
    texts = stripped(series) if is_text(series) else series.cast(pl.String)
    if values.folded:
        texts = fold(texts)
    categories = values.value.cast(pl.String).unique().sort()
    # What is not among the values, such as `NA`, becomes null.
    codes = texts.cast(pl.Enum(categories), strict=False).to_physical()
    return [
        codes.cast(pl.Int32).fill_null(MISSING).to_numpy().astype(CODES).tobytes(),
        json.dumps(categories.to_list(), ensure_ascii=False).encode(),
    ]
