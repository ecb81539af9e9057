"""The kind of a column, by its distinct values."""

from __future__ import annotations

import re

import polars as pl

from profiler.dates import (
    COMPACT_DATE,
    DATETIME,
    EPOCH_NAME,
    EPOCHS,
    FIRST_COMPACT,
    LAST_COMPACT,
)
from profiler.result import Column, Kind
from profiler.thresholds import THRESHOLDS
from profiler.tokens import ENCODED, tokens, words
from profiler.values import Values, is_boolean

_IMAGE_PATH = r"(?i)^\S.*\.(?:png|jpe?g|gif|bmp|webp|tiff?)(?:\?\S*)?$"
_ID_NAME = re.compile(
    r"(?i:(?:^|[^a-z])(?:id|uuid|guid|index|idx|rowid|rownr|rownum|nr|no|sno|seqn|obs|serial)\.?$)"
    r"|[a-z](?:Id|ID)$"
)
# The names that pandas, R and this package give to a column without one.
_UNNAMED = re.compile(
    r"(?i)^(?:unnamed: ?\d+(?:_level_\d+)?|column_\d+|\.{3}\d+|row[._]?names?|_c0)?$"
)


def describe(values: Values) -> Column:
    """Describe a column; the first rule that holds decides its kind."""
    missing = (values.rows - values.present) / values.rows
    kind = _kind(values)
    stray = values.stray if kind == "numeric" else 0
    return Column(values.name, kind, missing, values.distinct, stray)


def is_unnamed(name: str) -> bool:
    """Whether a tool made the name up, as pandas does with `Unnamed: 0`."""
    return _UNNAMED.search(name) is not None


def _kind(values: Values) -> Kind:
    dtype = values.value.dtype
    # A single value with gaps is not constant, because its presence is information.
    if values.distinct == 0 or (values.distinct == 1 and values.present == values.rows):
        return "constant"
    if dtype == pl.Boolean or is_boolean(values):
        return "boolean"
    if dtype.is_temporal():
        return "datetime"
    if values.numbers is None:
        return _text_kind(values)
    # `5 pm` is a number with a unit too.
    if values.note and values.share(values.value.str.contains(DATETIME)) >= THRESHOLDS.kind_share:
        return "datetime"
    return _number_kind(values, values.numbers.drop_nulls())


def _number_kind(values: Values, numbers: pl.Series) -> Kind:
    """The kind of a column, by its distinct numbers, as float64."""
    if not bool((numbers == numbers.floor()).all()):
        return "numeric"
    low, high = float(numbers.min() or 0), float(numbers.max() or 0)  # type: ignore[arg-type]
    if _is_date(values.name, numbers, low, high):
        return "datetime"
    unique = values.distinct == values.present == len(numbers)
    return "identifier" if unique and _numbers_rows(values, low, high) else "numeric"


def _is_date(name: str, numbers: pl.Series, low: float, high: float) -> bool:
    """Whether whole numbers are dates: all `YYYYMMDD`, or seconds since 1970 by name."""
    if low >= FIRST_COMPACT and high <= LAST_COMPACT:
        return bool(numbers.cast(pl.Int64).cast(pl.String).str.contains(COMPACT_DATE).all())
    if re.search(EPOCH_NAME, name) is None:
        return False
    return any(first <= low and high <= last for first, last in EPOCHS)


def _numbers_rows(values: Values, low: float, high: float) -> bool:
    """Whether whole numbers that never repeat only number the rows.

    By their name, or as a run from 0 or 1 without a name: a year or a day never repeats either.
    """
    if _ID_NAME.search(values.name):
        return True
    run = high - low + 1 == values.distinct == values.rows
    return is_unnamed(values.name) and run and low in (0, 1)


def _text_kind(values: Values) -> Kind:
    texts = values.value.str
    if values.share(texts.contains(DATETIME)) >= THRESHOLDS.kind_share:
        return "datetime"
    if values.share(texts.contains(_IMAGE_PATH)) >= THRESHOLDS.kind_share:
        return "image_path"
    if values.share(texts.contains(ENCODED)) >= THRESHOLDS.kind_share:
        return "encoded"
    distinct = values.distinct / values.present
    if distinct >= THRESHOLDS.free_text_distinct:
        spoken, all_tokens = values.mean(words(values.value)), values.mean(tokens(values.value))
        if spoken >= max(THRESHOLDS.free_text_words, THRESHOLDS.word_share * all_tokens):
            return "free_text"
        if all_tokens >= THRESHOLDS.free_text_words and spoken < THRESHOLDS.word_share * all_tokens:
            return "encoded"
    enough = values.present >= THRESHOLDS.min_rows or _ID_NAME.search(values.name)
    if is_unnamed(values.name) and distinct == 1:
        return "identifier"
    return "identifier" if enough and distinct >= THRESHOLDS.identifier_distinct else "categorical"
