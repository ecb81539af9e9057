"""The distinct values of a column, as numbers or booleans where they are written so.

Only the distinct values and their counts are examined, so a million rows of three categories cost
as much as three values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from profiler.number_text import NUMBER_MARKERS, DecimalMark, numbers_of
from profiler.words import BOOLEAN_PAIRS, MISSING_MARKERS

# "Yes", "yes" and "YES" are one value: up to six spellings of the two together.
_MOST_SPELLINGS = 6
# Postal codes and similar: as numbers they would lose the zero.
_LEADING_ZERO = r"^[+-]?0\d+$"


@dataclass(frozen=True)
class Values:
    """The distinct values of a column and their counts, without missing values.

    Attributes:
        value, n: series of the same length.
        rows: rows of the table.
        number: of texts that are numbers, float64, null where one is not; None for other columns.
        note: how numbers or booleans are written, if not as usual; else empty.
        folded: booleans that were written in several ways, and are now in lower case.
    """

    name: str
    value: pl.Series
    n: pl.Series
    rows: int
    number: pl.Series | None = None
    note: str = ""
    folded: bool = False

    @cached_property
    def present(self) -> int:
        """Number of cells that hold a value."""
        return int(self.n.sum())

    @property
    def distinct(self) -> int:
        """Number of distinct values."""
        return len(self.value)

    @cached_property
    def numbers(self) -> pl.Series | None:
        """The values as float64, null for stray texts; None if the column holds no numbers."""
        return self.value.cast(pl.Float64) if self.value.dtype.is_numeric() else self.number

    @property
    def stray(self) -> int:
        """Number of cells of a column of numbers that hold anything else."""
        return 0 if self.number is None else int(self.n.filter(self.number.is_null()).sum())

    def share(self, mask: pl.Series) -> float:
        """The share, among cells with a value, of those whose value the mask selects."""
        return float(self.n.filter(mask).sum()) / max(self.present, 1)

    def mean(self, measure: pl.Series) -> float:
        """The mean of a measure of the values over the cells with a value."""
        return float((measure * self.n).sum()) / max(self.present, 1)


def values_of(series: pl.Series, mark: DecimalMark = ".") -> Values:
    """Count the distinct values of a series. Texts are stripped, and missing markers dropped.

    Args:
        mark: the decimal mark to assume where `1,234` could be either.
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
    if not text or not len(counts):
        return values
    return _folded(values) if is_boolean(values) else _with_numbers(values, mark)


def is_text(series: pl.Series) -> bool:
    """Whether the cells are texts, some of which may mark missing values."""
    return isinstance(series.dtype, pl.String | pl.Categorical | pl.Enum)


def stripped(series: pl.Series) -> pl.Series:
    """The texts of a series without white space around them."""
    return series.cast(pl.String).str.strip_chars()


def is_boolean(values: Values) -> bool:
    """Whether the values are one pair, such as yes and no, in any case."""
    if values.value.dtype == pl.Boolean:
        return values.distinct == 2
    if not 2 <= values.distinct <= _MOST_SPELLINGS:
        return False
    return frozenset(fold(values.value.cast(pl.String))) in BOOLEAN_PAIRS


def fold(texts: pl.Series) -> pl.Series:
    """Spellings of one boolean as one text: `YES` is `yes`, and `1.0` is `1`."""
    return texts.str.to_lowercase().str.strip_suffix(".0")


def _folded(values: Values) -> Values:
    """Booleans with one text for each of the two."""
    if values.distinct == 2:
        return values
    counts = pl.DataFrame({"value": fold(values.value), "n": values.n})
    counts = counts.group_by("value", maintain_order=True).sum()
    spelled = ", ".join(sorted(values.value))
    return replace(
        values, value=counts["value"], n=counts["n"], folded=True,
        note=f"{spelled} as {', '.join(sorted(counts['value']))}",
    )  # fmt: skip


def _with_numbers(values: Values, mark: DecimalMark) -> Values:
    """With the numbers that the texts are, if most are; without the marks for missing ones."""
    # Most columns hold plain numbers or none, so the rest is done for few.
    plain = values.value.cast(pl.Float64, strict=False)
    if bool(values.value.str.contains(_LEADING_ZERO).any()):
        return values
    if not plain.has_nulls():
        return replace(values, number=plain)
    marks = values.value.str.contains(NUMBER_MARKERS)
    texts, n = values.value.filter(~marks), values.n.filter(~marks)
    found = numbers_of(texts, n, mark) if len(texts) else None
    if found is None:
        return values
    notes = [found.note] if found.note else []
    if marks.any():
        notes.append(f"{', '.join(sorted(values.value.filter(marks)))} as missing")
    return replace(values, value=texts, n=n, number=found.value, note=" and ".join(notes))
