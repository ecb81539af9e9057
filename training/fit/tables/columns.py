"""Columns as the profiler reads them -> features, groups and time."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profiler import CategoryColumn, NumberColumn
from training.errors import FitError
from training.fit.tables.dates import order_of
from training.fit.tables.encoding import Columns

Column = NumberColumn | CategoryColumn


def columns_of(features: list[Column], rows: NDArray[np.intp]) -> Columns:
    """The features of some rows. Booleans written as 0 and 1 are numbers."""
    numbers: dict[str, NDArray[np.float32]] = {}
    codes: dict[str, tuple[NDArray[np.int32], tuple[str, ...]]] = {}
    for column in features:
        values = column.values if isinstance(column, NumberColumn) else binary(column)
        if values is not None:
            with np.errstate(over="ignore"):
                narrow = values[rows].astype(np.float32)
            numbers[column.about.name] = np.where(np.isfinite(narrow), narrow, np.float32(np.nan))
        elif isinstance(column, CategoryColumn):
            codes[column.about.name] = (column.codes[rows], (*column.categories, _unseen(column)))
    return Columns(
        tuple(numbers),
        np.stack(list(numbers.values()), axis=1)
        if numbers
        else np.zeros((len(rows), 0), np.float32),
        tuple(codes),
        np.stack([c for c, _ in codes.values()], axis=1)
        if codes
        else np.zeros((len(rows), 0), np.int32),
        tuple(categories for _, categories in codes.values()),
    )


def binary(column: CategoryColumn) -> NDArray[np.float64] | None:
    """0.0 and 1.0 for a column of the texts 0 and 1."""
    if column.about.kind != "boolean" or not set(column.categories) <= {"0", "1", "0.0", "1.0"}:
        return None
    numbers = np.array([*(float(c) for c in column.categories), np.nan])
    return numbers[column.codes]


def _unseen(column: CategoryColumn) -> str:
    """A text that the column does not hold: the last category, which no row has.

    It stands for every text that was not seen in training; parity is checked with it.
    """
    text = "(not seen in training)"
    while text in column.categories:
        text += "'"
    return text


def twins_of(columns: Columns) -> NDArray[np.int64]:
    """A number per row, equal where all features are."""
    bits = np.hstack([columns.numbers.view(np.int32), columns.codes])
    _, place = np.unique(_as_bytes(bits), return_inverse=True)
    return place.astype(np.int64)


def _as_bytes(rows: NDArray[np.int32]) -> NDArray[Any]:
    packed = np.ascontiguousarray(rows)
    return packed.view(np.dtype((np.void, packed.dtype.itemsize * packed.shape[1]))).ravel()


def ranks_of(column: Column, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """A number per row, equal where the column is; every gap is a group of its own."""
    values = column.values[rows] if isinstance(column, NumberColumn) else column.codes[rows]
    _, place = np.unique(values, return_inverse=True)
    gap = np.isnan(values) if values.dtype.kind == "f" else values < 0
    return np.where(gap, place.max() + 1 + np.arange(len(rows)), place).astype(np.int64)


def time_of(column: Column, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """The order of the rows in time.

    Raises:
        FitError: the column holds neither numbers nor ISO 8601 dates, or has gaps.
    """
    name = column.about.name
    values = column.values if isinstance(column, NumberColumn) else _chronological(column)
    values = values[rows]
    if np.isnan(values).any():
        raise FitError(
            f"--time {name!r} is missing in {int(np.isnan(values).sum()):,} rows; fill "
            "them in, or leave the rows out"
        )
    return values


def _chronological(column: CategoryColumn) -> NDArray[np.float64]:
    order = order_of(column.categories)
    if order is None:
        raise FitError(
            f"--time {column.about.name!r} holds values such as {column.categories[0]!r}, whose "
            "order is not clear; write numbers, or dates as YYYY-MM-DD"
        )
    return np.append(order, np.nan)[column.codes]


def dropped(columns: Columns, names: Container[str]) -> Columns:
    """The columns but those of some names."""
    numbers = [i for i, name in enumerate(columns.number_names) if name not in names]
    categories = [i for i, name in enumerate(columns.category_names) if name not in names]
    return Columns(
        tuple(columns.number_names[i] for i in numbers),
        np.ascontiguousarray(columns.numbers[:, numbers]),
        tuple(columns.category_names[i] for i in categories),
        np.ascontiguousarray(columns.codes[:, categories]),
        tuple(columns.categories[i] for i in categories),
    )


def without_empty(columns: Columns) -> tuple[Columns, dict[str, str]]:
    """The columns that have a value in some row, and why the others are left out."""
    missing = np.concatenate([np.isnan(columns.numbers), columns.codes < 0], axis=1)
    reasons = {
        name: "no row with a target has a value in it"
        for name, column in zip(columns.names, missing.T, strict=True)
        if column.all()
    }
    return dropped(columns, reasons), reasons
