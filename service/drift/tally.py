"""Counts of numbers and of categories, as a row of integers that can be added up.

0                 rows
then, per number  missing, below the range, above it, sum in thousandths, a count per bin
then, per category field  missing, never seen in training, a count per category, the rest
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.drift.fields import MOST_CATEGORIES, CategoryField, NumberField
from service.drift.sources import MISSING, UNSEEN, Codes, Numbers

Tallied = NDArray[np.int64]
_THOUSANDTHS = 1000
_MISSING, _BELOW, _ABOVE, _SUM, _BINS = range(5)
_CODES = 2  # places before the first category


@dataclass(frozen=True)
class NumberCounts:
    """Of one field of numbers: how many values were missing, outside the range, in each bin."""

    missing: int
    below: int
    above: int
    mean: float | None
    bins: Tallied

    @property
    def values(self) -> int:
        """Values that were there."""
        return int(self.bins.sum())


@dataclass(frozen=True)
class CategoryCounts:
    """Of one field of categories: how many were missing, never seen, and of each category."""

    missing: int
    unseen: int
    categories: Tallied

    @property
    def values(self) -> int:
        """Values that were there."""
        return int(self.categories.sum()) + self.unseen


class Tally:
    """Counts the values of some fields.

    Args:
        numbers: fields of numbers, in the order of the columns that are counted.
        categories: fields of categories, likewise.
    """

    def __init__(self, numbers: Sequence[NumberField], categories: Sequence[CategoryField]) -> None:
        self.numbers, self.categories = numbers, categories
        most = max((len(field.edges) for field in numbers), default=0)
        self._edges = np.full((len(numbers), most), np.inf)
        for edges, field in zip(self._edges, numbers, strict=True):
            edges[: len(field.edges)] = field.edges
        self._low = np.array([f.seen.low if f.seen else -np.inf for f in numbers])
        self._high = np.array([f.seen.high if f.seen else np.inf for f in numbers])
        self._averaged = np.array([f.averaged for f in numbers], bool)
        self._width = _BINS + most + 1
        self._codes_width = _CODES + MOST_CATEGORIES + 1
        self._first_codes = 1 + self._width * len(numbers)
        self.size = self._first_codes + self._codes_width * len(categories)

    def count(self, numbers: Numbers, codes: Codes) -> Tallied:
        """The counts of some rows.

        Args:
            numbers: [rows, numbers], NaN where missing.
            codes: [rows, categories].
        """
        counted = np.zeros(self.size, np.int64)
        counted[0] = len(numbers)
        if self.numbers:
            self._count_numbers(numbers, counted[1 : self._first_codes].reshape(-1, self._width))
        if self.categories:
            places = codes + _CODES
            places[codes == MISSING] = 0
            places[codes == UNSEEN] = 1
            places += self._codes_width * np.arange(len(self.categories))
            counted[self._first_codes :] = np.bincount(
                places.ravel(), minlength=self._codes_width * len(self.categories)
            )
        return counted

    def _count_numbers(self, numbers: Numbers, into: Tallied) -> None:
        missing = ~np.isfinite(numbers)
        into[:, _MISSING] = missing.sum(axis=0)
        into[:, _BELOW] = (numbers < self._low).sum(axis=0)
        into[:, _ABOVE] = (numbers > self._high).sum(axis=0)
        bins = (numbers[:, :, None] > self._edges).sum(axis=2)
        places = bins + self._width * np.arange(numbers.shape[1]) + _BINS
        into.reshape(-1)[:] += np.bincount(places[~missing], minlength=into.size)
        if self._averaged.any():
            bounded = np.where(missing | ~self._averaged, 0, numbers)
            into[:, _SUM] = np.rint(bounded.sum(axis=0) * _THOUSANDTHS)

    def of_number(self, counted: Tallied, i: int) -> NumberCounts:
        """The counts of the i-th field of numbers."""
        start = 1 + i * self._width
        mine = counted[start : start + self._width]
        field = self.numbers[i]
        bins = mine[_BINS : _BINS + len(field.edges) + 1]
        values = int(bins.sum())
        mean = mine[_SUM] / _THOUSANDTHS / values if field.averaged and values else None
        missing, below, above = mine[:_SUM].tolist()
        return NumberCounts(missing, below, above, mean, bins)

    def of_category(self, counted: Tallied, i: int) -> CategoryCounts:
        """The counts of the i-th field of categories; the rest is last."""
        start = self._first_codes + i * self._codes_width
        missing, unseen, *_ = counted[start : start + _CODES].tolist()
        known = counted[start + _CODES : start + self._codes_width]
        named = len(self.categories[i].categories)
        rest = known[MOST_CATEGORIES:]
        return CategoryCounts(missing, unseen, np.append(known[:named], rest))
