"""Random forest (Breiman, 2001) and extremely randomised trees (Geurts et al., 2006).

The smallest leaf is chosen on the validation rows: a full tree is best where the target is sharp,
larger leaves where it is noisy, and they make the model smaller. Missing numbers go the way that
training found better (scikit-learn, `missing_go_to_left`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from training.export.trees import Tree
from training.fit.candidate import Data, Learned, Scores, error_of
from training.fit.graph import Graph
from training.fit.tables.candidates.trees import floor32, mean_nodes, sum_nodes

LEAVES = (1, 2, 5, 10, 25)
TRIAL_TREES = 60
TREES = 300
# A forest of so many nodes takes about 15 MB, and 0.5 s to load.
MOST_NODES = 1_000_000
# Shares of votes may be zero; this is a third of one vote.
SHARE_EPSILON = 1e-3

_MODELS: dict[tuple[str, str], Any] = {
    ("random", "classification"): RandomForestClassifier,
    ("random", "regression"): RandomForestRegressor,
    ("extra", "classification"): ExtraTreesClassifier,
    ("extra", "regression"): ExtraTreesRegressor,
}


def _learn(kind: str, data: Data, *, seed: int, seconds: float) -> Learned:
    """Choose the leaf and the number of trees, refit on both parts."""
    make: Callable[..., Any] = partial(
        _MODELS[kind, data.task],
        n_estimators=TRIAL_TREES,
        max_features="sqrt" if data.task == "classification" else 0.5,
        random_state=seed,
        n_jobs=-1,
        warm_start=True,
    )
    matrix, validation = data.train.rows.matrix(), data.validation.rows.matrix()
    started = time.perf_counter()
    best: _Trial | None = None
    for leaf in LEAVES:
        trial = _Trial.of(make(min_samples_leaf=leaf), leaf, data, matrix, validation)
        small = trial.nodes_of(100) <= MOST_NODES or leaf == LEAVES[-1]
        if small and (best is None or trial.error < best.error):
            best = trial
        if best is not None and time.perf_counter() - started > seconds / 3:
            break
    if best is None:
        raise RuntimeError("there is no leaf to try")
    # Half of what is left for the forest that is calibrated, half for the one that is served.
    left = (seconds - (time.perf_counter() - started)) / 2
    affordable = int(TRIAL_TREES * left / max(best.seconds, 1e-6))
    fitting = int(MOST_NODES / max(1.0, best.nodes_of(1)))
    trees = max(100, min(TREES, affordable, fitting))
    # As many trees as the served one: fewer are less sure, which the temperature would make up for.
    best.model.set_params(n_estimators=trees).fit(matrix, data.train.target)
    final = make(n_estimators=trees, min_samples_leaf=best.leaf)
    final.fit(data.both.rows.matrix(), data.both.target)
    encoding = data.both.rows.encoding
    grown = [_tree(one.tree_, data) for one in final.estimators_]
    return Learned(
        scores=lambda columns: _scores(final, encoding.encode(columns).matrix(), data),
        validation_scores=_scores(best.model, validation, data),
        write=lambda graph, features: _write(graph, grown, features.matrix(encoding), data),
        hyperparameters={"n_estimators": len(grown), "min_samples_leaf": best.leaf},
        libraries=("sklearn",),
        notes={"nodes": _nodes(final)},
    )


@dataclass(frozen=True, eq=False)
class _Trial:
    """A forest of `TRIAL_TREES`, its error on the validation rows, and the seconds it took."""

    model: Any
    leaf: int
    error: float
    seconds: float

    @classmethod
    def of(cls, model: Any, leaf: int, data: Data, matrix: Any, validation: Any) -> _Trial:
        started = time.perf_counter()
        model.fit(matrix, data.train.target)
        seconds = time.perf_counter() - started
        error = error_of(_scores(model, validation, data), data.validation)
        return cls(model, leaf, error, seconds)

    def nodes_of(self, trees: int) -> float:
        """Nodes of a forest of so many trees."""
        return _nodes(self.model) * trees / TRIAL_TREES


random_forest = partial(_learn, "random")
extra_trees = partial(_learn, "extra")


def _nodes(model: Any) -> int:
    return int(sum(one.tree_.node_count for one in model.estimators_))


def _scores(model: Any, matrix: Any, data: Data) -> Scores:
    if data.task == "regression":
        values: Scores = model.predict(matrix)[:, None]
        return values
    shares = np.zeros((len(matrix), data.n_classes))
    shares[:, model.classes_] = model.predict_proba(matrix)
    return np.log(shares + SHARE_EPSILON)


def _tree(tree: Any, data: Data) -> Tree:
    """scikit-learn's arrays; a node goes left if x <= threshold, in double precision."""
    values = tree.value[:, 0, :]
    if data.n_classes:
        values = values / values.sum(axis=1, keepdims=True)
    if data.n_classes == 2:
        values = values[:, 1:]
    return Tree(
        left=tree.children_left,
        right=tree.children_right,
        feature=np.maximum(tree.feature, 0),
        threshold=floor32(tree.threshold),
        values=values,
        missing_left=tree.missing_go_to_left.astype(bool),
    )


def _write(graph: Graph, trees: list[Tree], matrix: str, data: Data) -> str:
    if data.n_classes > 2:
        shares = mean_nodes(graph, trees, matrix, test="<=")
    else:
        total = sum_nodes(graph, trees, matrix, outputs=1, test="<=")
        mean = graph.add("Mul", total, graph.constant(np.float32(1 / len(trees))))
        if not data.n_classes:
            return mean
        signs = graph.add("MatMul", mean, graph.constant(np.array([[-1, 1]], np.float32)))
        shares = graph.add("Add", signs, graph.constant(np.array([1, 0], np.float32)))
    return graph.add("Log", graph.add("Add", shares, graph.constant(np.float32(SHARE_EPSILON))))
