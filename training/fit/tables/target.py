"""The column that is predicted: the task, the value of each row, and the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from profiler import CategoryColumn, NumberColumn, Profile
from training.errors import FitError
from training.fit.candidate import Task
from training.fit.options import Options
from training.fit.tables.columns import Column, binary

MOST_CLASSES = 200


def check_varied(target: Column) -> None:
    """Refuse a target that has no value, or one value only.

    Raises:
        FitError: naming the value.
    """
    name = target.about.name
    if isinstance(target, CategoryColumn):
        values = [target.categories[code] for code in np.unique(target.codes[target.codes >= 0])]
    else:
        found = np.unique(target.values[np.isfinite(target.values)])
        values = [_spelled(number) for number in found[:2].tolist()]
    if not values:
        raise FitError(f"target {name!r} is empty: no row has a value in it; name another column")
    if len(values) == 1:
        raise FitError(
            f"target {name!r} is constant: it holds only {values[0]!r}; name a column of at least "
            "2 different values"
        )


def task_of(options: Options, profile: Profile) -> Task:
    """Classification or regression, as an option or the profile says.

    Raises:
        FitError: neither says it.
    """
    if options.task is not None:
        return options.task
    found = profile.facts.get("task")
    if found == "classification":
        return "classification"
    if found == "regression":
        return "regression"
    for open_question in profile.details.undecided:
        if open_question.fact == "task":
            raise FitError(
                f"what is to be predicted of {options.target!r} is not clear: "
                f"{open_question.because}; give --task classification or --task regression if it "
                "is one of them"
            )
    raise FitError(
        f"target {options.target!r} leaves open what is to be predicted; give --task "
        "classification or --task regression"
    )


def target_of(
    column: Column, task: Task
) -> tuple[NDArray[Any], tuple[str, ...], NDArray[np.bool_]]:
    """Target of every row, labels, and which rows have one.

    Raises:
        FitError: a regression's target holds text, or a classification's too many classes.
    """
    name = column.about.name
    if task == "regression":
        if isinstance(column, NumberColumn):
            numbers = column.values
        elif (found := binary(column)) is not None:
            numbers = found
        else:
            raise FitError(
                f"target {name!r} holds text such as {column.categories[0]!r}; a regression needs "
                "numbers, so give --task classification"
            )
        return numbers, (), np.isfinite(numbers)
    if isinstance(column, CategoryColumn):
        codes, labels = column.codes.astype(np.int64), column.categories
    else:
        present = np.isfinite(column.values)
        values = np.unique(column.values[present])
        codes = np.where(present, np.searchsorted(values, column.values), -1)
        labels = tuple(map(_spelled, values.tolist()))
    if len(labels) > MOST_CLASSES:
        raise FitError(
            f"target {name!r} has {len(labels):,} classes; a classification needs 2 to "
            f"{MOST_CLASSES}, so give --task regression, or another target"
        )
    return codes, labels, codes >= 0


def _spelled(number: float) -> str:
    """The shortest text that reads back as the number: `5`, not `5.0`, and `0`, not `-0`."""
    return repr(number + 0.0).removesuffix(".0")
