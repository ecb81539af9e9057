"""Columns in bins, for models whose curves are tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.fit.tables.encoding import Encoded


@dataclass(frozen=True, eq=False)
class Bins:
    """Edges of each column, float32, rising; a value's bin is the number of edges not above it."""

    edges: tuple[NDArray[np.float32], ...]

    @classmethod
    def of(cls, rows: Encoded, most: int) -> Bins:
        """Bins of about the same number of rows; a value as frequent as that has one of its own."""
        matrix = rows.matrix()
        return cls(tuple(_edges(column[~np.isnan(column)], most) for column in matrix.T))

    def __call__(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """The bins [n, columns], NaN where missing."""
        binned = np.empty(matrix.shape, np.float32)
        for i, edges in enumerate(self.edges):
            binned[:, i] = np.searchsorted(edges, matrix[:, i], side="right")
        binned[np.isnan(matrix)] = np.nan
        return binned


@dataclass(frozen=True, eq=False)
class Binned:
    """Rows as bins [n, columns], fine for single columns and coarse for pairs, and targets [n]."""

    fine: NDArray[np.float32]
    coarse: NDArray[np.float32]
    target: NDArray[Any]

    def take(self, rows: NDArray[Any]) -> Binned:
        """Some of them."""
        return Binned(self.fine[rows], self.coarse[rows], self.target[rows])


def _edges(values: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """Edges half way between neighbouring values, at most `most`."""
    distinct, counts = np.unique(values, return_counts=True)
    middles = (distinct[:-1].astype(np.float64) + distinct[1:]) / 2
    if len(middles) > most:
        # A value that half of the rows share would take half of the edges away from the others.
        weights = np.minimum(counts, len(values) / (most + 1))
        centers = np.cumsum(weights) - weights / 2
        bins = np.floor(centers / weights.sum() * (most + 1)).astype(np.int64)
        middles = middles[np.diff(bins) > 0]
    # Rounded to float32, two edges may be one.
    return np.unique(middles.astype(np.float32))
