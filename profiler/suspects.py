"""Cells of a column of numbers that may not be measurements: -999 and its like, and stray texts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from profiler.messages import count, shown
from profiler.table import Table
from profiler.thresholds import THRESHOLDS
from profiler.values import Values, is_text, stripped

# Numbers of nines alone, of either sign, are the marks of questionnaires and sensors.
_NINES = frozenset(sign * (10**digits - 1) for sign in (-1, 1) for digits in range(1, 9))
_LEAST_ROWS = 2


@dataclass(frozen=True)
class Sentinel:
    """rows: that hold it; warning: what it may be."""

    rows: int
    warning: str


def sentinel_of(values: Values) -> Sentinel | None:
    """A number such as -999 that may mark missing values, if there is one.

    It is the least or the greatest number, it repeats, and it lies far from all others.
    """
    numbers = values.numbers
    if numbers is None:
        return None
    suspects = {numbers.min(), numbers.max()} & _NINES
    if not suspects:
        return None
    frame = pl.DataFrame({"number": numbers, "n": values.n}).drop_nulls()
    for extreme in suspects:
        rest = frame.filter(pl.col("number") != extreme)
        rows = int(frame.filter(pl.col("number") == extreme)["n"].sum())
        if rows >= _LEAST_ROWS and _is_far(float(extreme), rest["number"]):  # type: ignore[arg-type]
            return Sentinel(
                rows,
                f"{extreme:g} in {count(rows, 'row')} of {shown(values.name)} lies far from its "  # type: ignore[str-bytes-safe]
                "other values: if it marks missing ones, leave these cells empty",
            )
    return None


def _is_far(mark: float, others: pl.Series) -> bool:
    if len(others) < 2:
        return False
    low, high = float(others.min() or 0), float(others.max() or 0)  # type: ignore[arg-type]
    gap = low - mark if mark < low else mark - high
    return gap >= THRESHOLDS.sentinel_gap * max(high - low, 1.0)


def first_stray(table: Table, values: Values) -> str:
    """A sentence that names the first text in a column of numbers, and its row."""
    if values.number is None:
        return ""
    strays = values.value.filter(values.number.is_null())
    cells = table.frame[values.name]
    found = (stripped(cells) if is_text(cells) else cells).is_in(strays.implode())
    row = int(found.arg_true()[0])
    text = str(cells[row]).strip()
    return f"{shown(values.name)} holds {shown(text)} in row {row + 1:,}, which is not a number"
