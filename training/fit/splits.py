"""Rows -> train, validation and test, several times over.

Rows that belong together are on one side: rows with equal features (twins), which a model would
know by heart, and rows of one group. With a time column the test rows are always later than the
training rows; the first split is then the latest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.errors import FitError

Indices = NDArray[np.intp]

FOLDS = 5
VALIDATION_FOLDS = 6  # of the rows that are not for testing, one of so many parts
REPETITIONS = 4
TIME_WINDOWS = 4
TIME_SHARE = 0.15
_BINS = 10


@dataclass(frozen=True, eq=False)
class Split:
    """Indices of rows. Every row is in one part, or in none where time splits."""

    train: Indices
    validation: Indices
    test: Indices


def by_groups(
    groups: NDArray[np.int64], target: NDArray[np.generic], seed: int, *, discrete: bool
) -> Iterator[Split]:
    """Splits of cross-validation, repeated with other seeds.

    Args:
        groups: int64 [rows], equal for rows that belong together.
        discrete: True if the target is a class, whose shares every part should have.
    """
    strata = target.astype(np.int64) if discrete else _ranks(target.astype(np.float64))
    everything = np.arange(len(groups))
    for repetition in range(REPETITIONS):
        generator = np.random.default_rng([seed, repetition])
        fold = _fold(groups, strata, FOLDS, generator)
        for k in range(FOLDS):
            rest = everything[fold != k]
            inner = _fold(groups[rest], strata[rest], VALIDATION_FOLDS, generator)
            yield Split(rest[inner != 0], rest[inner == 0], everything[fold == k])


def by_time(time: NDArray[np.float64], groups: NDArray[np.int64]) -> Iterator[Split]:
    """Splits of windows that slide back in time; equal times are on one side.

    An earlier row of the group of a test row is in no part, nor is a training row of the group of a
    validation row.

    Raises:
        FitError: there are too few different times.
    """
    order = np.argsort(time, kind="stable")
    ordered = time[order]
    for window in range(TIME_WINDOWS):
        end = len(order) if window == 0 else _cut(ordered, 1 - window * TIME_SHARE)
        start = _cut(ordered, 1 - (window + 1) * TIME_SHARE)
        middle = _cut(ordered[:start], 1 - TIME_SHARE)
        if not 0 < middle < start < end:
            if window:
                return
            raise FitError(
                "the time column has too few different values to test on later rows; leave out "
                "--time, or give a column with more of them"
            )
        test = order[start:end]
        earlier = order[:start]
        train, validation = earlier[:middle], earlier[middle:]
        validation = validation[~np.isin(groups[validation], groups[test])]
        later = np.concatenate([groups[validation], groups[test]])
        parts = train[~np.isin(groups[train], later)], validation
        if min(map(len, parts)) == 0:
            if window:
                return
            raise FitError(
                "every row before the latest ones belongs to a group that goes on to the end, so "
                "nothing is left to train on; leave out --time or --group"
            )
        yield Split(*parts, test)


def _cut(ordered: NDArray[np.float64], share: float) -> int:
    """The index nearest below a share of the rows at which the time changes."""
    if not len(ordered):
        return 0
    at = min(int(len(ordered) * share), len(ordered) - 1)
    return int(np.searchsorted(ordered, ordered[at], side="left"))


def _fold(
    groups: NDArray[np.int64],
    strata: NDArray[np.int64],
    folds: int,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """The fold of each row: groups are dealt out, largest first, each stratum in turn."""
    _, first, place, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )
    shuffled = generator.permutation(len(sizes))
    stratum = strata[first]
    # Twins are few and small; groups of a column may be large, and would unbalance the folds.
    order = shuffled[np.lexsort((-sizes[shuffled], stratum[shuffled]))]
    fold = np.empty(len(sizes), np.int64)
    if sizes.max(initial=1) * folds <= max(2 * folds, len(groups) / 20):
        fold[order] = np.arange(len(order)) % folds
    else:
        fold[:] = _balanced(sizes, stratum, shuffled, folds)
    return fold[place]


def _balanced(
    sizes: NDArray[np.intp],
    stratum: NDArray[np.int64],
    shuffled: NDArray[np.intp],
    folds: int,
) -> NDArray[np.int64]:
    """Each group to the fold with the fewest rows of its stratum, the largest groups first."""
    filled = np.zeros((folds, int(stratum.max()) + 1), np.int64)
    fold = np.empty(len(sizes), np.int64)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        own = filled[:, stratum[group]]
        fold[group] = int(np.lexsort((filled.sum(axis=1), own))[0])
        filled[fold[group], stratum[group]] += sizes[group]
    return fold


def _ranks(target: NDArray[np.float64]) -> NDArray[np.int64]:
    """Tenths of a numeric target."""
    edges = np.quantile(target, np.linspace(0, 1, _BINS + 1)[1:-1])
    return np.searchsorted(edges, target)
