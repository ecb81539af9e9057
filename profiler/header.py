"""The first line of a CSV: names, or data."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import polars as pl

from profiler.thresholds import THRESHOLDS
from profiler.words import MISSING_MARKERS

_SAMPLE_ROWS = 1000
_LEAST_RUN = 3
_INSIDE = 0.8
_MARGIN = 0.1
_FIRST_YEAR, _LAST_YEAR = 1500, 2150


def is_data(cells: Sequence[str], frame: pl.DataFrame) -> bool:
    """Whether the first line is data: it looks like the column below it, cell by cell.

    Args:
        cells: the first line; frame: the lines below, as strings.
    """
    below = frame.head(_SAMPLE_ROWS)
    if below.height < THRESHOLDS.min_header_rows:
        return False
    pairs = [
        (cell.strip(), column.drop_nulls().str.strip_chars())
        for cell, column in zip(cells, below, strict=True)
        if cell and cell.strip().lower() not in MISSING_MARKERS
    ]
    numeric = [
        (cell, numbers) for cell, column in pairs if (numbers := _numbers(column)) is not None
    ]
    texts = [(cell, column) for cell, column in pairs if len(column) and _numbers(column) is None]
    if not numeric:
        return _is_row_of_texts(texts)
    if (
        texts
        and len(numeric) < _LEAST_RUN
        and not any((column == cell).any() for cell, column in texts)
    ):
        return False
    return _is_row_of_numbers(numeric)


def _numbers(column: pl.Series) -> pl.Series | None:
    """The numbers of a column of numbers."""
    numbers = column.cast(pl.Float64, strict=False)
    share = 1 - numbers.null_count() / max(len(numbers), 1)
    return numbers.drop_nulls() if len(numbers) and share >= THRESHOLDS.kind_share else None


def _is_row_of_numbers(pairs: Sequence[tuple[str, pl.Series]]) -> bool:
    """Numbers over every column of numbers, as large as those below.

    Names may be numbers too, such as years and pixels: they follow each other.
    """
    heads = [_number(cell) for cell, _ in pairs]
    if any(head is None for head in heads):
        return False
    found = [head for head in heads if head is not None]
    steps = {round(b - a, 9) for a, b in itertools.pairwise(found)}
    follow = len(steps) == 1 and steps != {0.0}
    if follow and (
        len(found) >= _LEAST_RUN or all(_FIRST_YEAR <= head <= _LAST_YEAR for head in found)
    ):
        return False
    inside = sum(_is_near(head, numbers) for head, (_, numbers) in zip(found, pairs, strict=True))
    return inside >= _INSIDE * len(found)


def _is_near(head: float, numbers: pl.Series) -> bool:
    """Whether a number lies among others, or just beyond them."""
    low, high = float(numbers.min()), float(numbers.max())  # type: ignore[arg-type]
    margin = _MARGIN * (high - low)
    return low - margin <= head <= high + margin


def _is_row_of_texts(pairs: Sequence[tuple[str, pl.Series]]) -> bool:
    """Texts that occur below, in most columns of at least two."""
    if len(pairs) < 2:
        return False
    again = sum(bool((column == cell).any()) for cell, column in pairs)
    return again >= max(2, THRESHOLDS.repeated_header * len(pairs))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
