"""What follows from the target column: the task, the labelled rows, the classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from profiler.columns import Values
from profiler.messages import count, shown
from profiler.result import ClassCount, Column
from profiler.thresholds import THRESHOLDS

_LONGEST_LABEL = 120


@dataclass(frozen=True)
class Target:
    """task: None if the column does not determine one; because: the reason, in words."""

    task: Literal["classification", "regression"] | None
    because: str
    labelled: int | None
    classes: tuple[ClassCount, ...] = ()


def judge_target(column: Column, values: Values) -> Target:
    """The task by the kind of the target, and the classes, if any, largest first."""
    name, labelled = f"target {shown(column.name)}", values.present
    distinct = count(values.distinct, "distinct value")
    if column.kind in ("boolean", "categorical"):
        because = f"{name} is {column.kind} with {distinct}"
        return Target("classification", because, labelled, _classes(values))
    if column.kind == "numeric":
        if column.stray == 0 and _is_coded(values):
            because = (
                f"{name} holds whole numbers with only {distinct}, at most "
                f"{THRESHOLDS.integer_classes} and at least "
                f"{THRESHOLDS.rows_per_class:g} rows each on average"
            )
            return Target("classification", because, labelled, _classes(values))
        return Target("regression", f"{name} is numeric with {distinct}", labelled)
    article = "an" if column.kind[0] in "aeiou" else "a"
    because = f"{name} is {article} {column.kind} column, which determines no task"
    return Target(None, because, labelled)


def balance_warnings(classes: Sequence[ClassCount], unit: str) -> list[str]:
    """Sentences about classes that are too small or too uneven to learn from."""
    if len(classes) == 1:
        return [f"there is only one class, {shown(classes[0].label)}: nothing to tell apart"]
    if not classes:
        return []
    largest, smallest = classes[0], classes[-1]
    found = []
    if smallest.count < THRESHOLDS.small_class:
        found.append(f"class {shown(smallest.label)} has only {count(smallest.count, unit)}")
    if largest.count >= THRESHOLDS.imbalance * smallest.count:
        found.append(
            f"class {shown(largest.label)} is {largest.count / smallest.count:.0f} times as "
            f"frequent as {shown(smallest.label)}: accuracy alone would mislead"
        )
    return found


def by_size(counts: dict[str, int]) -> tuple[ClassCount, ...]:
    """Classes by size, largest first, then by label."""
    return tuple(
        ClassCount(label, n) for label, n in sorted(counts.items(), key=lambda c: (-c[1], c[0]))
    )


def _is_coded(values: Values) -> bool:
    """Whether the numbers are class codes: few, whole, and each in several rows."""
    if values.distinct > THRESHOLDS.integer_classes:
        return False
    numbers = values.value.cast(pl.Float64, strict=False)
    whole = bool((numbers == numbers.floor()).all())
    return whole and values.present >= THRESHOLDS.rows_per_class * values.distinct


def _classes(values: Values) -> tuple[ClassCount, ...]:
    counts: dict[str, int] = {}
    for value, n in zip(values.value, values.n, strict=True):
        label = _label(value)
        counts[label] = counts.get(label, 0) + int(n)
    return by_size(counts)


def _label(value: object) -> str:
    """A class as text: 1.0 and 1 are the same class, and True is `true`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 3] + "..."
