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
from functools import partial
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from training.fit.candidate import Data, Learned, Part, two_logits
from training.fit.graph import Graph
from training.fit.tables.candidates.bins import Binned, Bins
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
from training.fit.tables.inputs import Features

BINS, PAIR_BINS = 255, 31
BAGS, TRIAL_BAGS = 8, 2
PAIRS = 20
ROUNDS, PATIENCE = 3_000, 30
BAG_SHARE = 0.85  # of the rows
_MAIN = {"max_depth": 3, "eta": 0.1, "min_child_weight": 3, "colsample_bytree": 0.3}
_PAIR = {"max_depth": 4, "eta": 0.1, "min_child_weight": 5}
_PROBE_ROUNDS = 40


@dataclass(frozen=True, eq=False)
class _Bag:
    """Boosters of one bag: over single columns, and over pairs."""

    main: xgboost.Booster
    pair: xgboost.Booster | None


@dataclass(frozen=True)
class _Rounds:
    """Rounds of boosting over single columns, and over pairs."""

    main: int
    pair: int


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
        fine, coarse = self.bins(matrix), self.coarse(matrix)
        total = np.zeros((len(matrix), len(self.intercept)))
        for bag in self.bags:
            total += margins_of(bag.main, fine)
            if bag.pair is not None:
                total += margins_of(bag.pair, coarse)
        return total / len(self.bags) + self.intercept

    def rounds(self) -> _Rounds:
        """The mean over the bags."""
        pairs = [bag.pair.num_boosted_rounds() for bag in self.bags if bag.pair is not None]
        return _Rounds(
            round(np.mean([bag.main.num_boosted_rounds() for bag in self.bags])),
            round(np.mean(pairs)) if pairs else 0,
        )


def learn(data: Data, *, seed: int, seconds: float) -> Learned:
    """Find the rounds on the validation rows, then fit on both parts with as many."""
    trial = _fit(data, data.train, TRIAL_BAGS, seed, seconds / 2, watched=data.validation)
    rounds = trial.rounds()
    model = _fit(data, data.both, BAGS, seed, seconds / 2, rounds=rounds)
    curves, intercept = _curves(model)
    return Learned(
        scores=lambda columns: scores_of(
            model.margins(data.both.rows.encoding.encode(columns).matrix()), data
        ),
        validation_scores=scores_of(trial.margins(data.validation.rows.matrix()), data),
        write=lambda graph, features: _write(graph, features, curves, intercept, data),
        hyperparameters={
            "bags": len(model.bags),
            "rounds": rounds.main,
            "pair_rounds": rounds.pair,
            "pairs": [list(pair) for pair in model.pairs],
            "bins": BINS,
            "pair_bins": PAIR_BINS,
        },
        libraries=("xgboost",),
        notes={"curves": len(curves)},
    )


def _fit(
    data: Data,
    part: Part,
    bags: int,
    seed: int,
    seconds: float,
    *,
    watched: Part | None = None,
    rounds: _Rounds = _Rounds(ROUNDS, ROUNDS),
) -> _Model:
    """At least one bag, and as many more as fit into the time.

    The loss on the watched rows stops a bag. Rows of the part cannot do that, even those outside
    a bag: the order of the categories comes from their targets too.
    """
    bins, coarse = Bins.of(part.rows, BINS), Bins.of(part.rows, PAIR_BINS)

    def binned(some: Part) -> Binned:
        matrix = some.rows.matrix()
        return Binned(bins(matrix), coarse(matrix), some.target)

    rows, stopping = binned(part), [binned(watched)] if watched is not None else []
    intercept = intercept_of(data)
    singles = [[k] for k in range(rows.fine.shape[1])]
    started = time.perf_counter()
    generator = np.random.default_rng(seed)
    found: list[_Bag] = []
    pairs: tuple[tuple[int, int], ...] = ()
    for i in range(bags):
        inside = generator.random(len(part)) < BAG_SHARE
        inside[generator.integers(len(part))] = True
        bag = rows.take(inside)
        boost = partial(_boost, data, seed + i, (seconds / bags if found else seconds / 2) / 2)
        single = [matrix_of(part.fine, part.target, intercept) for part in (bag, *stopping)]
        main = boost({**_MAIN, **_within(singles)}, rounds.main, *single)
        if not found:
            pairs = _strongest_pairs(data, rows, _after(main, rows, intercept), seed)
        pair = None
        if pairs and rounds.pair:
            double = [
                matrix_of(part.coarse, part.target, _after(main, part, intercept))
                for part in (bag, *stopping)
            ]
            pair = boost({**_PAIR, **_within([list(p) for p in pairs])}, rounds.pair, *double)
        found.append(_Bag(main, pair))
        spent = time.perf_counter() - started
        if spent + spent / len(found) > seconds:
            break
    return _Model(bins, coarse, pairs, intercept, tuple(found))


def _within(groups: list[list[int]]) -> dict[str, str]:
    """The setting that keeps each path of a tree to one group of columns."""
    return {"interaction_constraints": json.dumps(groups)}


def _after(
    main: xgboost.Booster, rows: Binned, intercept: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Margins [n, outputs] of the single columns' curves."""
    return (margins_of(main, rows.fine) + intercept).astype(np.float32)


def _boost(
    data: Data,
    seed: int,
    seconds: float,
    settings: dict[str, Any],
    rounds: int,
    train: xgboost.DMatrix,
    watched: xgboost.DMatrix | None = None,
) -> xgboost.Booster:
    """Boosted trees, cut at the round with the least loss on the watched rows, if there are any."""
    history: dict[str, Any] = {}
    booster = xgboost.train(
        # Sampling below the root would only end the paths of one column.
        {**parameters(data, seed), "colsample_bynode": 1.0, "max_bin": 256, **settings},
        train,
        rounds,
        evals=[(watched, "watched")] if watched is not None else [],
        evals_result=history,
        verbose_eval=False,
        early_stopping_rounds=PATIENCE if watched is not None else None,
        callbacks=[TimeLimit(seconds)],
    )
    if watched is None:
        return booster
    (losses,) = history["watched"].values()
    return booster[: int(np.argmin(losses)) + 1]


def _strongest_pairs(
    data: Data, rows: Binned, margin: NDArray[np.float32], seed: int
) -> tuple[tuple[int, int], ...]:
    """Pairs of columns by the gain of trees of two levels over what the curves leave."""
    if rows.coarse.shape[1] < 2:
        return ()
    probe = xgboost.train(
        {**parameters(data, seed), "max_depth": 2, "eta": 0.2, "colsample_bynode": 0.5},
        matrix_of(rows.coarse, rows.target, margin),
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
