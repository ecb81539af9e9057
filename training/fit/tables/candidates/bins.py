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
        """Bins of about the same number of rows; of categories, one per code."""
        matrix, numbers = rows.matrix(), rows.numbers.shape[1]
        quantiles = np.linspace(0, 1, most + 2)[1:-1]
        found = []
        for i in range(matrix.shape[1]):
            values = np.unique(matrix[~np.isnan(matrix[:, i]), i])
            middles = (values[:-1] + values[1:]) / 2
            if len(middles) > most:
                column = matrix[~np.isnan(matrix[:, i]), i]
                edges = np.unique(np.quantile(column, quantiles, method="nearest"))
                middles = edges if i < numbers else edges - 0.5
            found.append(middles.astype(np.float32))
        return cls(tuple(found))

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
