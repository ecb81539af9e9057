"""Whether the numbers of a target are classes, quantities, or perhaps either."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from profiler.context import words_of
from profiler.messages import count
from profiler.result import Column
from profiler.thresholds import THRESHOLDS
from profiler.values import Values

# A column with one of these words in its name, or one of the others before another word, counts.
_COUNTED = frozenset(
    {
        "count", "counts", "cnt", "visits", "children", "kids", "siblings", "goals", "claims",
        "trips", "rentals", "sales", "deaths", "accidents", "arrests", "executions",
    }
)  # fmt: skip
_NUMBER_OF = frozenset(
    {
        "n", "num", "nb", "nr", "number",
    }
)  # fmt: skip
_YEARS = (1800, 2150)
_EVEN = "about as frequent as each other"


@dataclass(frozen=True)
class Codes:
    """are_classes: None if the file does not decide; because: what the numbers are, in words."""

    are_classes: bool | None
    because: str


def codes_of(column: Column, values: Values) -> Codes:
    """Judge the numbers of a target column of kind `numeric`; the first rule that holds decides."""
    frequencies = _frequencies(values)
    number, n = frequencies["number"], frequencies["n"]
    distinct = count(len(number), "distinct value")
    quantities = Codes(False, f"is numeric with {distinct}")
    if column.stray or not bool((number == number.floor()).all()):
        return quantities
    if len(number) > THRESHOLDS.integer_classes:
        return (
            Codes(None, f"holds {distinct} in a row, {_EVEN}") if _many(number, n) else quantities
        )
    if values.present < THRESHOLDS.rows_per_class * len(number):
        return quantities
    few = f"holds whole numbers with only {distinct}"
    if _is_count(column.name) and len(number) > 2:
        return Codes(False, f"{few}, and its name says that it counts")
    if doubt := _doubt(number, n):
        return Codes(None, f"{few}, {doubt}")
    return Codes(
        True,
        f"{few}, at most {THRESHOLDS.integer_classes} and at least "
        f"{THRESHOLDS.rows_per_class:g} rows each on average",
    )


def _frequencies(values: Values) -> pl.DataFrame:
    """The distinct numbers in ascending order, and the rows of each."""
    numbers = values.numbers
    if numbers is None:
        raise ValueError(f"column {values.name!r} holds no numbers")
    frame = pl.DataFrame({"number": numbers, "n": values.n}).drop_nulls()
    return frame.group_by("number").agg(pl.col("n").sum()).sort("number")


def _doubt(number: pl.Series, n: pl.Series) -> str | None:
    """Why few whole numbers may be quantities; None if they are classes."""
    low, high = float(number[0]), float(number[-1])
    if len(number) <= 2:
        return None
    if low >= _YEARS[0] and high <= _YEARS[1]:
        return "which may be years"
    if high - low + 1 > THRESHOLDS.class_span * len(number):
        return f"with gaps between them from {low:g} to {high:g}"
    if _dies_out(number, n):
        return "which start at 0 and become rarer as they grow, like counts"
    if len(number) > THRESHOLDS.sure_classes and not _is_even(n):
        return "some far more frequent than others"
    return None


def _dies_out(number: pl.Series, n: pl.Series) -> bool:
    """Whether frequencies are those of a count: from 0, a peak early on, then fewer and fewer."""
    if float(number[0]) != 0 or len(number) < THRESHOLDS.count_values:
        return False
    peak = int(n.arg_max() or 0)
    tail = n[peak:]
    falls = int((tail.diff().drop_nulls() <= 0).sum())
    return (
        peak <= len(number) // 3
        and falls >= 0.75 * (len(tail) - 1)
        and float(n[-1]) <= THRESHOLDS.count_tail * float(n[peak])
    )


def _many(number: pl.Series, n: pl.Series) -> bool:
    """Whether many whole numbers may be classes: a run from 0 or 1, each as frequent."""
    run = float(number[-1]) - float(number[0]) + 1 == len(number)
    enough = int(n.min() or 0) >= THRESHOLDS.small_class  # type: ignore[arg-type]
    return run and float(number[0]) in (0, 1) and enough and _is_even(n)


def _is_even(n: pl.Series) -> bool:
    return float(n.max() or 0) <= THRESHOLDS.even_classes * float(n.min() or 0)  # type: ignore[arg-type]


def _is_count(name: str) -> bool:
    words = words_of(name)
    if any(word in _COUNTED for word in words):
        return True
    return len(words) > 1 and words[0] in _NUMBER_OF
