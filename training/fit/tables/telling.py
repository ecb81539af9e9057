"""Columns that tell most of the target by themselves, by mutual information."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mutual_info_score

from training.fit.tables.encoding import Columns

BINS = 10
_MISSING = BINS


def most_telling(columns: Columns, target: NDArray[Any], most: int) -> list[int]:
    """Indices into `columns.names`, in the table's order; all of them if there are no more.

    Values and numeric targets are put into bins of about equal size, and rare categories together.
    What mutual information has by chance is taken off (Miller, 1955): it grows with the bins.
    """
    every = list(range(len(columns.names)))
    if len(every) <= most:
        return every
    told = _bins(target.astype(np.float64)) if target.dtype.kind == "f" else target
    width = columns.numbers.shape[1]
    information = [
        _information(
            _bins(columns.numbers[:, i]) if i < width else _frequent(columns.codes[:, i - width]),
            told,
        )
        for i in every
    ]
    return sorted(sorted(every, key=lambda i: -information[i])[:most])


def _information(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Mutual information in nats, less what independent columns would seem to have."""
    by_chance = (len(np.unique(one)) - 1) * (len(np.unique(other)) - 1) / (2 * len(one))
    return float(mutual_info_score(one, other)) - by_chance


def _bins(values: NDArray[Any]) -> NDArray[np.int64]:
    """Bins [n], 0 to BINS - 1, and another for missing values."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(len(values), _MISSING)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
    found = np.searchsorted(edges, values, side="right")
    return np.where(np.isnan(values), _MISSING, found)


def _frequent(codes: NDArray[np.int32]) -> NDArray[np.int64]:
    """Ranks [n] of the most frequent codes, one for all others, and another for missing ones."""
    counts = np.bincount(codes[codes >= 0], minlength=1)
    ranks = np.full(len(counts) + 1, BINS - 1)
    order = np.argsort(-counts, kind="stable")[: BINS - 1]
    ranks[order] = np.arange(len(order))
    ranks[-1] = _MISSING  # code -1
    return ranks[codes]
