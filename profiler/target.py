"""What follows from the target column: the task, the labelled rows, the classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from profiler.classes import codes_of
from profiler.context import survival_partner, time_columns
from profiler.messages import count, listed, shown
from profiler.multilabel import Labels, labels_of
from profiler.result import ClassCount, Column, Undecided
from profiler.table import Table
from profiler.thresholds import THRESHOLDS
from profiler.values import Values

Task = Literal["classification", "regression"]
_LONGEST_LABEL = 120
EITHER = ("classification", "regression")


@dataclass(frozen=True)
class Target:
    """task: None if the file does not determine one; because: the reason, in words.

    answers: the tasks to choose from if there is none; warnings: what to know of the classes.
    """

    task: Task | None
    because: str
    labelled: int | None
    classes: tuple[ClassCount, ...] = ()
    answers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def undecided(self) -> Undecided | None:
        """The question that is left open."""
        return Undecided("task", self.because, self.answers) if self.answers else None


def judge_target(table: Table, columns: Sequence[Column], values: Values) -> Target:
    """The task by the kind of the target and the columns beside it, and the classes, if any."""
    column = next(column for column in columns if column.name == values.name)
    name, labelled = f"target {shown(column.name)}", values.present
    if column.kind == "constant":
        because = f"{name} is a constant column, which determines no task"
        return Target(None, because, labelled, answers=EITHER)
    if labels := labels_of(values):
        return _multi_label(name, labels, labelled)
    if partner := survival_partner(columns, column.name):
        return _survival(column, partner, labelled)
    if column.kind in ("boolean", "categorical"):
        distinct = count(values.distinct, "distinct value")
        because = f"{name} is {column.kind} with {distinct}"
        return Target("classification", because, labelled, _classes(values))
    if column.kind == "numeric":
        return _number(table, columns, column, values)
    article = "an" if column.kind[0] in "aeiou" else "a"
    because = f"{name} is {article} {column.kind} column, which determines no task"
    answers = ("generation", "classification") if column.kind == "free_text" else EITHER
    return Target(None, because, labelled, answers=answers)


def _number(table: Table, columns: Sequence[Column], column: Column, values: Values) -> Target:
    """Classes, quantities, or a question between them or between regression and forecasting."""
    name, labelled = f"target {shown(column.name)}", values.present
    codes = codes_of(column, values)
    if codes.are_classes:
        because = f"{name} {codes.because}"
        return Target("classification", because, labelled, _classes(values))
    if times := time_columns(table, columns, column.name):
        because = (
            f"{name} is numeric, and {listed(times)} may put the rows in the order of time: "
            "forecasting if later values are wanted, regression if not"
        )
        return Target(None, because, labelled, answers=("forecasting", "regression"))
    if codes.are_classes is None:
        because = f"{name} {codes.because}: they may be classes or quantities"
        return Target(None, because, labelled, answers=EITHER)
    return Target("regression", f"{name} {codes.because}", labelled)


def _multi_label(name: str, labels: Labels, labelled: int) -> Target:
    warning = f"{name} is multi-label: it {labels.because}; learn one yes or no for each label"
    return Target(
        "classification", f"{name} {labels.because}", labelled, by_size(labels.counts),
        warnings=(warning,),
    )  # fmt: skip


def _survival(column: Column, partner: str, labelled: int) -> Target:
    """Undecided: the guide has no task of survival analysis."""
    is_time = (column.distinct or 0) > THRESHOLDS.most_states
    event, time = (partner, column.name) if is_time else (column.name, partner)
    because = (
        f"{shown(event)} may say whether an event was seen by the time in {shown(time)}: that is "
        "survival analysis, where rows without the event are not labels of its time"
    )
    answer = "regression" if is_time else "classification"
    return Target(None, because, labelled, answers=(answer,))


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


def _classes(values: Values) -> tuple[ClassCount, ...]:
    """Rows of each class; `1` and `1.0` are one class, also as texts."""
    counts: dict[str, int] = {}
    numbers = values.numbers
    labels = values.value if numbers is None or numbers.has_nulls() else numbers
    for value, n in zip(labels, values.n, strict=True):
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
