"""Columns of a table as numbers and codes.

A category becomes a code: 0 for one that is rare or was not seen in training, 1 to k for the
others, k + 1 where it is missing. Codes are in the order of the mean target, which lets a tree
split a binary or numeric target as well as any grouping of the categories would (Fisher, 1958;
Breiman et al., 1984). The same mapping is a `LabelEncoder` in the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.fit.splits import Indices

# A rarer category has too few rows for its mean target: of one row it would be that row's answer.
LEAST_ROWS = 5
MOST_CATEGORIES = 1_000
UNSEEN = 0
_MISSING = -1


@dataclass(frozen=True, eq=False)
class Columns:
    """The features of a table as they were read.

    numbers: float32 [rows, F], NaN where missing. codes: int32 [rows, C], indices into the
    column's `categories`, -1 where missing.
    """

    number_names: tuple[str, ...]
    numbers: NDArray[np.float32]
    category_names: tuple[str, ...]
    codes: NDArray[np.int32]
    categories: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def names(self) -> tuple[str, ...]:
        """All features, numbers first."""
        return (*self.number_names, *self.category_names)

    def take(self, rows: Indices) -> Columns:
        """Some rows, as copies."""
        return self.holding(self.numbers[rows], self.codes[rows])

    def holding(self, numbers: NDArray[np.float32], codes: NDArray[np.int32]) -> Columns:
        """The same columns with other values."""
        return replace(self, numbers=numbers, codes=codes)


@dataclass(frozen=True)
class CategoryCodes:
    """One column's mapping.

    known: categories of the codes 1 to k, in order. lookup: int64, code by index of the category
    as it was read, with one element more for missing. has_missing: whether training saw a gap.
    """

    known: tuple[str, ...]
    lookup: NDArray[np.int64]
    has_missing: bool

    @property
    def missing(self) -> int:
        """The code of a missing category; that of an unseen one where training saw no gap."""
        return len(self.known) + 1 if self.has_missing else UNSEEN

    @property
    def size(self) -> int:
        """Number of codes, from 0."""
        return len(self.known) + 2


@dataclass(frozen=True, eq=False)
class Encoded:
    """Encoded rows: numbers float32 [rows, F], codes int64 [rows, C]."""

    encoding: Encoding
    numbers: NDArray[np.float32]
    codes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    def matrix(self) -> NDArray[np.float32]:
        """What trees take, [rows, F + C]: missing categories are NaN, as missing numbers are."""
        ordinals = self.codes.astype(np.float32)
        for i, column in enumerate(self.encoding.columns):
            if column.has_missing:
                ordinals[self.codes[:, i] == column.missing, i] = np.nan
        return np.hstack([self.numbers, ordinals])


@dataclass(frozen=True, eq=False)
class Encoding:
    """The mappings of all category columns, fitted on training rows only."""

    columns: tuple[CategoryCodes, ...]

    def encode(self, columns: Columns) -> Encoded:
        """Rows of any part of the table."""
        codes = [
            column.lookup[columns.codes[:, i]]  # -1 is the last element
            for i, column in enumerate(self.columns)
        ]
        empty = np.zeros((len(columns), 0), np.int64)
        return Encoded(self, columns.numbers, np.stack(codes, axis=1) if codes else empty)


def fit_encoding(columns: Columns, order: NDArray[np.float64]) -> Encoding:
    """The encoding of training rows.

    Args:
        order: float64 [rows], a number that grows with the target.
    """
    return Encoding(
        tuple(
            _fit(columns.codes[:, i], categories, order)
            for i, categories in enumerate(columns.categories)
        )
    )


def _fit(
    codes: NDArray[np.int32], categories: Sequence[str], order: NDArray[np.float64]
) -> CategoryCodes:
    present = codes != _MISSING
    counts = np.bincount(codes[present], minlength=len(categories))
    sums = np.bincount(codes[present], weights=order[present], minlength=len(categories))
    frequent = np.flatnonzero(counts >= LEAST_ROWS)
    frequent = frequent[np.argsort(-counts[frequent], kind="stable")][:MOST_CATEGORIES]
    means = sums[frequent] / counts[frequent]
    known = frequent[np.lexsort((frequent, means))]
    has_missing = bool((~present).any())
    lookup = np.zeros(len(categories) + 1, np.int64)
    lookup[known] = np.arange(1, len(known) + 1)
    lookup[_MISSING] = len(known) + 1 if has_missing else UNSEEN
    return CategoryCodes(tuple(categories[k] for k in known), lookup, has_missing)
