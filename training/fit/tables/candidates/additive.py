"""An explainable boosting machine: a sum of curves, one per column and one per pair of columns.

The model is that of Lou et al. (2012, 2013; GA2M) and Nori et al. (2019; InterpretML). Numbers are
put into bins; boosted trees that may use one column each learn the curves, then trees of two
columns learn what is left of the strongest pairs; several bags are averaged. All trees of a column
add up to one step function, so what is served is a table per curve, and a person can read it.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from training.fit.candidate import Data, Learned, Part, two_logits
from training.fit.graph import Graph
from training.fit.tables.candidates.boosting import (
    TimeLimit,
    intercept_of,
    margins_of,
    matrix_of,
    parameters,
    scores_of,
    trees_of,
)
from training.fit.tables.candidates.curves import Curve, Leaf, leaves_of, write_curves
from training.fit.tables.encoding import Encoded
from training.fit.tables.inputs import Features

BINS, PAIR_BINS = 255, 31
BAGS, TRIAL_BAGS = 8, 2
PAIRS = 12
ROUNDS, PATIENCE = 3_000, 30
HELD_OUT = 0.15  # of a bag's rows, which stop it
_MAIN = {"max_depth": 3, "eta": 0.1, "min_child_weight": 3, "colsample_bytree": 0.5}
_PAIR = {"max_depth": 4, "eta": 0.1, "min_child_weight": 5}
_PROBE_ROUNDS = 40


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
class _Bag:
    """Boosters of one bag: over single columns, and over pairs."""

    main: xgboost.Booster
    pair: xgboost.Booster | None


@dataclass(frozen=True, eq=False)
class _Model:
    """bins: of single columns; coarse: of pairs; bags: averaged."""

    bins: Bins
    coarse: Bins
    pairs: tuple[tuple[int, int], ...]
    intercept: NDArray[np.float32]
    bags: tuple[_Bag, ...]

    def margins(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """The mean over the bags, [n, outputs]."""
        fine, rough = self.bins(matrix), self.coarse(matrix)
        total = np.zeros((len(matrix), len(self.intercept)))
        for bag in self.bags:
            total += margins_of(bag.main, fine)
            if bag.pair is not None:
                total += margins_of(bag.pair, rough)
        return total / len(self.bags) + self.intercept


def learn(data: Data, *, seed: int, seconds: float) -> Learned:
    """Fit on the training rows to calibrate, then on both parts; every bag stops itself."""
    trial = _fit(data, data.train, TRIAL_BAGS, seed, seconds / 3)
    model = _fit(data, data.both, BAGS, seed, seconds * 2 / 3)
    curves, intercept = _curves(model)
    return Learned(
        scores=lambda columns: scores_of(
            model.margins(data.both.rows.encoding.encode(columns).matrix()), data
        ),
        validation_scores=scores_of(trial.margins(data.validation.rows.matrix()), data),
        write=lambda graph, features: _write(graph, features, curves, intercept, data),
        hyperparameters={
            "bags": len(model.bags),
            "pairs": [list(pair) for pair in model.pairs],
            "bins": BINS,
            "pair_bins": PAIR_BINS,
        },
        libraries=("xgboost",),
        notes={"curves": len(curves)},
    )


def _fit(data: Data, part: Part, bags: int, seed: int, seconds: float) -> _Model:
    """At least one bag, and as many more as fit into the time."""
    bins, coarse = Bins.of(part.rows, BINS), Bins.of(part.rows, PAIR_BINS)
    matrix = part.rows.matrix()
    fine, rough, intercept = bins(matrix), coarse(matrix), intercept_of(data)
    started = time.perf_counter()
    found: list[_Bag] = []
    pairs: tuple[tuple[int, int], ...] = ()
    generator = np.random.default_rng(seed)
    for i in range(bags):
        held = generator.random(len(part)) < HELD_OUT
        if len(part) >= 2 and (held.all() or not held.any()):
            held[0] = not held[0]
        share = seconds / bags if found else seconds / 2
        main = _boost(data, fine, part.target, held, [[k] for k in range(fine.shape[1])],
                      _MAIN, seed + i, share / 2, intercept)  # fmt: skip
        margin = (margins_of(main, fine) + intercept).astype(np.float32)
        if not found:
            pairs = _strongest_pairs(data, rough, part.target, margin, seed)
        pair = None
        if pairs:
            pair = _boost(data, rough, part.target, held, [list(p) for p in pairs], _PAIR,
                          seed + i, share / 2, margin)  # fmt: skip
        found.append(_Bag(main, pair))
        spent = time.perf_counter() - started
        if spent + spent / len(found) > seconds:
            break
    return _Model(bins, coarse, pairs, intercept, tuple(found))


def _boost(
    data: Data,
    binned: NDArray[np.float32],
    target: NDArray[Any],
    held: NDArray[np.bool_],
    groups: list[list[int]],
    settings: dict[str, Any],
    seed: int,
    seconds: float,
    margin: NDArray[np.float32],
) -> xgboost.Booster:
    """Boosted trees whose paths stay within one group of columns, stopped by the held rows."""

    def matrix(rows: NDArray[np.bool_]) -> xgboost.DMatrix:
        own = margin if margin.ndim == 1 else margin[rows]
        return matrix_of(binned[rows], target[rows], own)

    # Sampling below the root would only end the paths of one column.
    given = {
        **parameters(data, seed),
        "colsample_bynode": 1.0,
        **settings,
        "interaction_constraints": json.dumps(groups),
    }
    history: dict[str, Any] = {}
    booster = xgboost.train(
        {**given, "max_bin": 256},
        matrix(~held),
        ROUNDS,
        evals=[(matrix(held), "held")],
        evals_result=history,
        verbose_eval=False,
        early_stopping_rounds=PATIENCE,
        callbacks=[TimeLimit(seconds)],
    )
    (losses,) = history["held"].values()
    return booster[: int(np.argmin(losses)) + 1]


def _strongest_pairs(
    data: Data,
    rough: NDArray[np.float32],
    target: NDArray[Any],
    margin: NDArray[np.float32],
    seed: int,
) -> tuple[tuple[int, int], ...]:
    """Pairs of columns by the gain of trees of two levels over what the curves leave."""
    if rough.shape[1] < 2:
        return ()
    probe = xgboost.train(
        {**parameters(data, seed), "max_depth": 2, "eta": 0.2, "colsample_bynode": 0.5},
        matrix_of(rough, target, margin),
        _PROBE_ROUNDS,
        verbose_eval=False,
    )
    gains: dict[tuple[int, int], float] = defaultdict(float)
    for pair, gain in _gains(probe):
        gains[pair] += gain
    return tuple(sorted(gains, key=lambda pair: -gains[pair])[:PAIRS])


def _gains(probe: xgboost.Booster) -> list[tuple[tuple[int, int], float]]:
    """Gain of each split below a root of another column."""
    found = []
    learner = json.loads(probe.save_raw("json"))["learner"]
    for tree in learner["gradient_booster"]["model"]["trees"]:
        left, right = tree["left_children"], tree["right_children"]
        if left[0] < 0:
            continue
        root = tree["split_indices"][0]
        for child in (left[0], right[0]):
            feature = tree["split_indices"][child]
            if left[child] >= 0 and feature != root:
                pair = (min(root, feature), max(root, feature))
                found.append((pair, float(tree["loss_changes"][child])))
    return found


def _curves(model: _Model) -> tuple[list[Curve], NDArray[np.float64]]:
    """Every curve of the bags' mean, and the intercept [outputs]."""
    intercept = model.intercept.astype(np.float64)
    found: dict[tuple[int, ...], Curve] = {}
    for bag in model.bags:
        resolutions = ((bag.main, model.bins), (bag.pair, model.coarse))
        for resolution, (booster, bins) in enumerate(resolutions):
            if booster is None:
                continue
            trees = trees_of(booster, len(intercept))
            for leaf in (leaf for tree in trees for leaf in leaves_of(tree)):
                if leaf.columns:
                    # A column's own curve may be found in both resolutions; the graph adds them.
                    key = (len(leaf.columns), *leaf.columns, resolution)
                    _curve(found, key, leaf, bins).add(leaf, 1 / len(model.bags))
                else:  # a tree that is one leaf
                    intercept += leaf.values / len(model.bags)
    return [found[columns] for columns in sorted(found)], intercept


def _curve(
    found: dict[tuple[int, ...], Curve], key: tuple[int, ...], leaf: Leaf, bins: Bins
) -> Curve:
    if key not in found:
        edges = tuple(bins.edges[i] for i in leaf.columns)
        found[key] = Curve.empty(leaf.columns, edges, len(leaf.values))
    return found[key]


def _write(
    graph: Graph,
    features: Features,
    curves: list[Curve],
    intercept: NDArray[np.float64],
    data: Data,
) -> str:
    total = write_curves(graph, features.matrix(data.both.rows.encoding), curves, len(intercept))
    margin = graph.add("Add", total, graph.constant(intercept.astype(np.float32)))
    return two_logits(graph, margin) if data.n_classes == 2 else margin
