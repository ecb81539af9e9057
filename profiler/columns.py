"""The kind of a column.

Only the distinct values and their counts are examined, so a million rows of three categories cost
as much as three values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from profiler.missing import MISSING_MARKERS
from profiler.result import Column, Kind
from profiler.thresholds import THRESHOLDS

BOOLEAN_PAIRS = frozenset(
    frozenset(pair)
    for pair in (
        ("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("on", "off"), ("0", "1"),
    )
)  # fmt: skip

_MONTH, _DAY = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_NAME = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]m)?"
_DATE = "|".join(
    (
        rf"\d{{4}}[-/.]{_MONTH}[-/.]{_DAY}",
        rf"{_DAY}[-/.]{_MONTH}[-/.]\d{{4}}",
        rf"{_MONTH}[-/.]{_DAY}[-/.]\d{{4}}",
        rf"{_DAY}/{_MONTH}/\d{{2}}",
        rf"{_MONTH}/{_DAY}/\d{{2}}",
        rf"\d{{4}}-{_MONTH}",
        rf"(?:[a-z]{{3,9}},? )?{_DAY}[- ]{_NAME}[-, ]+\d{{2,4}}",
        rf"(?:[a-z]{{3,9}},? )?{_NAME} {_DAY},? \d{{4}}",
    )
)
_DATETIME = rf"(?i)^(?:(?:{_DATE})(?:[T ]{_CLOCK} ?(?:Z|UTC|[+-]\d{{2}}:?\d{{2}})?)?|{_CLOCK})$"
_FIRST_DATE, _LAST_DATE = 19000101, 20991231
_COMPACT_DATE = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"
_IMAGE_PATH = r"(?i)^\S.*\.(?:png|jpe?g|gif|bmp|webp|tiff?)(?:\?\S*)?$"
_DECIMAL_COMMA = r"^[+-]?\d*,\d+$"
# Postal codes and similar: as numbers they would lose the zero.
_LEADING_ZERO = r"^[+-]?0\d+$"
# Scripts without spaces between words.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
# "Yes", "yes" and "YES" are one value: up to three spellings of each of the two.
_MOST_SPELLINGS = 6
_ID_NAME = re.compile(r"(?i:(?:^|[^a-z])(?:id|uuid|guid|index|idx|rowid|nr)$)|[a-z](?:Id|ID)$")


@dataclass(frozen=True)
class Values:
    """The distinct values of a column and their counts, without missing values.

    value, n: series of the same length; rows: rows of the table; decimal_comma: whether numbers
    were written with a decimal comma.
    """

    name: str
    value: pl.Series
    n: pl.Series
    rows: int
    decimal_comma: bool = False

    @cached_property
    def present(self) -> int:
        """Number of cells that hold a value."""
        return int(self.n.sum())

    @property
    def distinct(self) -> int:
        """Number of distinct values."""
        return len(self.value)

    def share(self, mask: pl.Series) -> float:
        """The share, among cells with a value, of those whose value the mask selects."""
        return float(self.n.filter(mask).sum()) / max(self.present, 1)

    def mean(self, measure: pl.Series) -> float:
        """The mean of a measure of the values over the cells with a value."""
        return float((measure * self.n).sum()) / max(self.present, 1)


def values_of(series: pl.Series, *, decimal_comma: bool = False) -> Values:
    """Count the distinct values of a series. Texts are stripped, and missing markers dropped.

    With `decimal_comma`, a column whose numbers are written `1,5` is read as `1.5`.
    """
    text = is_text(series)
    value = stripped(series) if text else series
    if value.dtype.is_float():
        value = value.fill_nan(None)
    counts = value.alias("value").value_counts(name="n")
    known = pl.col("value").is_not_null()
    if text:
        known &= ~pl.col("value").str.to_lowercase().is_in([*MISSING_MARKERS])
    counts = counts.filter(known)
    values = Values(series.name, counts["value"], counts["n"], len(series))
    if text and decimal_comma and _has_decimal_commas(values):
        plain = values.value.str.replace(",", ".", literal=True)
        values = Values(series.name, plain, values.n, len(series), decimal_comma=True)
    return values


def is_text(series: pl.Series) -> bool:
    """Whether the cells are texts, some of which may mark missing values."""
    return isinstance(series.dtype, pl.String | pl.Categorical | pl.Enum)


def stripped(series: pl.Series) -> pl.Series:
    """The texts of a series without white space around them."""
    return series.cast(pl.String).str.strip_chars()


def describe(values: Values) -> Column:
    """Describe a column; the first rule that holds decides its kind."""
    missing = (values.rows - values.present) / values.rows
    kind, stray = _kind(values)
    return Column(values.name, kind, missing, values.distinct, stray)


def _kind(values: Values) -> tuple[Kind, int]:
    dtype = values.value.dtype
    # A single value with gaps is not constant, because its presence is information.
    if values.distinct == 0 or (values.distinct == 1 and values.present == values.rows):
        return "constant", 0
    if dtype == pl.Boolean or _is_boolean(values):
        return "boolean", 0
    if dtype.is_temporal():
        return "datetime", 0
    if dtype.is_numeric():
        return _number_kind(values, values.value.cast(pl.Float64)), 0
    return _numeric_text(values) or (_text_kind(values), 0)


def _numeric_text(values: Values) -> tuple[Kind, int] | None:
    """Kind and number of stray values, if most texts are numbers; None otherwise."""
    numbers = values.value.cast(pl.Float64, strict=False)
    stray = int(values.n.filter(numbers.is_null()).sum())
    if values.present - stray < THRESHOLDS.kind_share * values.present:
        return None
    if bool(values.value.str.contains(_LEADING_ZERO).any()):
        return None
    return _number_kind(values, numbers.drop_nulls()), stray


def _number_kind(values: Values, numbers: pl.Series) -> Kind:
    """The kind of a column, by its distinct numbers, as float64."""
    if not bool((numbers == numbers.floor()).all()):
        return "numeric"
    low, high = float(numbers.min() or 0), float(numbers.max() or 0)  # type: ignore[arg-type]
    if low >= _FIRST_DATE and high <= _LAST_DATE:
        digits = numbers.cast(pl.Int64).cast(pl.String)
        if bool(digits.str.contains(_COMPACT_DATE).all()):
            return "datetime"
    unique = values.distinct == values.present == len(numbers)
    run = len(numbers) >= THRESHOLDS.min_rows and high - low + 1 == len(numbers)
    return "identifier" if unique and (run or _ID_NAME.search(values.name)) else "numeric"


def _text_kind(values: Values) -> Kind:
    texts = values.value.str
    if values.share(texts.contains(_DATETIME)) >= THRESHOLDS.kind_share:
        return "datetime"
    if values.share(texts.contains(_IMAGE_PATH)) >= THRESHOLDS.kind_share:
        return "image_path"
    distinct = values.distinct / values.present
    if distinct >= THRESHOLDS.free_text_distinct:
        words = texts.count_matches(r"\S+") + texts.count_matches(_UNSPACED) / 2
        if values.mean(words) >= THRESHOLDS.free_text_words:
            return "free_text"
    enough = values.present >= THRESHOLDS.min_rows or _ID_NAME.search(values.name)
    return "identifier" if enough and distinct >= THRESHOLDS.identifier_distinct else "categorical"


def _is_boolean(values: Values) -> bool:
    if not 2 <= values.distinct <= _MOST_SPELLINGS:
        return False
    texts = {str(value).lower().removesuffix(".0") for value in values.value}
    return texts in BOOLEAN_PAIRS


def _has_decimal_commas(values: Values) -> bool:
    commas = values.value.str.contains(_DECIMAL_COMMA)
    if not commas.any():
        return False
    number = values.value.cast(pl.Float64, strict=False).is_not_null()
    plain = number & ~values.value.str.contains(".", literal=True)
    return values.share(commas | plain) >= THRESHOLDS.kind_share
