"""The piecewise-linear encoding of numbers (Gorishniy et al., 2022, arXiv 2203.05556, section 3.2).

A number x becomes one value per bin [a, b]: clip((x - a) / (b - a), 0, 1). Bins hold about the same
number of training rows. A missing number is encoded as the column's median, and columns with gaps
in training have one value more that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.fit.tables.encoding import Encoded

MOST_BINS = 24
# Wide tables have fewer bins per column, to keep the first layer small.
MOST_PIECES = 1_500


@dataclass(frozen=True, eq=False)
class Pieces:
    """Bins of all numbers in one row, and where the codes of each category begin.

    place: int64 [P], the number of each bin. low, scale: float32 [P], its lower edge and one over
    its width. median: float32 [F]. gaps: int64 [G], numbers with gaps in training. offsets: int64
    [C]; width: codes of all categories together.
    """

    place: NDArray[np.int64]
    low: NDArray[np.float32]
    scale: NDArray[np.float32]
    median: NDArray[np.float32]
    gaps: NDArray[np.int64]
    offsets: NDArray[np.int64]
    width: int

    @classmethod
    def of(cls, rows: Encoded) -> Pieces:
        """The pieces of training rows."""
        numbers = rows.numbers
        most = int(np.clip(MOST_PIECES // max(1, numbers.shape[1]), 2, MOST_BINS))
        place, low, scale = [], [], []
        for i in range(numbers.shape[1]):
            edges = _edges(numbers[:, i], most)
            place.append(np.full(len(edges) - 1, i))
            low.append(edges[:-1])
            scale.append(1 / np.diff(edges.astype(np.float64)))
        missing = np.isnan(numbers)
        sizes = [column.size for column in rows.encoding.columns]
        return cls(
            _joined(place).astype(np.int64),
            _joined(low).astype(np.float32),
            _joined(scale).astype(np.float32),
            np.array([_median(numbers[:, i]) for i in range(numbers.shape[1])], np.float32),
            np.flatnonzero(missing.any(axis=0)).astype(np.int64),
            cls.of_codes(rows),
            sum(sizes),
        )

    @staticmethod
    def of_codes(rows: Encoded) -> NDArray[np.int64]:
        """The first code of each category, [C]."""
        sizes = [column.size for column in rows.encoding.columns]
        return np.cumsum([0, *sizes])[: len(sizes)].astype(np.int64)

    def dense(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        """The encoding of numbers [n, F], with the gaps behind it, [n, P + G]."""
        missing = np.isnan(numbers)
        filled = np.where(missing, self.median, numbers)
        encoded = np.clip((filled[:, self.place] - self.low) * self.scale, 0, 1)
        return np.hstack([encoded, missing[:, self.gaps].astype(np.float32)])


def _edges(values: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """Distinct edges, at least two: quantiles of the rows, and of the distinct values.

    Where most rows hold one value, such as zero, quantiles of the rows would leave few bins.
    """
    present = values[~np.isnan(values)]
    if not len(present):
        return np.array([0, 1], np.float32)
    rows = np.quantile(present, np.linspace(0, 1, most * 2 // 3 + 1), method="nearest")
    distinct = np.quantile(np.unique(present), np.linspace(0, 1, most // 3 + 1), method="nearest")
    edges = np.unique(np.concatenate([rows, distinct]).astype(np.float32))
    return edges if len(edges) > 1 else np.array([edges[0], edges[0] + 1], np.float32)


def _median(values: NDArray[np.float32]) -> float:
    present = values[~np.isnan(values)]
    return float(np.median(present)) if len(present) else 0.0


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0)
