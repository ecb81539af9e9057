"""Cells for a model that `fit` trained, read as the profiler read them for its training.

The profiler strips texts, takes `NA` and the like for missing, and booleans in any case; the graph
compares texts as they are. Two readings differ on purpose, and both end in a message. A number in
another notation (`$1,234.50`, `1.234,5`) is refused, as the profiler knows the notation only from
the whole column. A text or an infinity among numbers is refused, and not taken for missing.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from contract.tensors import Input
from profiler.number_text import NUMBER_MARKERS
from profiler.words import BOOLEAN_PAIRS, MISSING_MARKERS
from service.score.values import ValueReader, Values, reader_of

_TRUTHS = frozenset({"true", "false"})


def fitted_reader(tensor: Input, column: int) -> ValueReader:
    """The reader of one of the columns of an input."""
    if tensor.datatype != "BYTES":
        return _Numbers(reader_of(tensor.datatype))
    seen = tensor.seen[column] if tensor.seen else None
    known = seen.categories if seen is not None and seen.content == "category" else ()
    return _Texts(reader_of(tensor.datatype), known)


class _Numbers:
    """Numbers, of which a text may mark a missing one."""

    def __init__(self, reader: ValueReader) -> None:
        self._reader = reader
        self.takes = reader.takes

    def fits(self, dtype: pl.DataType) -> bool:
        return self._reader.fits(dtype)

    def read(self, column: pl.Series) -> Values:
        return self._reader.read(column)

    def parse(self, column: pl.Series) -> Values:
        values = self._reader.parse(column)
        if not values.wrong.any():
            return values
        texts = column.str.strip_chars()
        marks = _marks_missing(texts.str.to_lowercase()) | texts.str.contains(NUMBER_MARKERS)
        return self._reader.parse(_without(texts, marks))


class _Texts:
    """Categories or free text.

    Args:
        known: the categories that training saw; none of free text.
    """

    def __init__(self, reader: ValueReader, known: tuple[str, ...]) -> None:
        self._reader = reader
        self.takes = reader.takes
        folded = {category.lower(): category for category in known}
        self._takes_booleans = bool(folded) and _TRUTHS.issuperset(folded)
        boolean = self._takes_booleans or frozenset(folded) in BOOLEAN_PAIRS
        self._booleans: Mapping[str, str] = folded if boolean else {}

    def fits(self, dtype: pl.DataType) -> bool:
        if dtype == pl.Boolean:
            return self._takes_booleans
        return self._reader.fits(dtype)

    def read(self, column: pl.Series) -> Values:
        return self._reader.read(self._profiled(column))

    def parse(self, column: pl.Series) -> Values:
        return self._reader.parse(self._profiled(column))

    def _profiled(self, column: pl.Series) -> pl.Series:
        """Texts as the profiler has them; whole numbers stay what they are."""
        if column.dtype.is_integer():
            return column
        texts = column.cast(pl.String).str.strip_chars()
        folded = texts.str.to_lowercase()
        if self._booleans:
            both = pl.DataFrame({"text": texts, "folded": folded})
            spelled = pl.col("folded").replace_strict(self._booleans, default=pl.col("text"))
            texts = both.select(spelled.alias(column.name)).to_series()
        return _without(texts, _marks_missing(folded))


def _marks_missing(folded: pl.Series) -> pl.Series:
    """True for texts in lower case that mark a missing value."""
    return folded.is_in(list(MISSING_MARKERS))


def _without(texts: pl.Series, marks: pl.Series) -> pl.Series:
    """The texts, with null in place of some."""
    nothing = pl.Series([None], dtype=pl.String)
    return texts.zip_with(~marks.fill_null(value=False), nothing.new_from_index(0, len(texts)))
