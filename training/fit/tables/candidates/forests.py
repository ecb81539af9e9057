"""Random forest (Breiman, 2001) and extremely randomised trees (Geurts et al., 2006).

The smallest leaf is chosen on the validation rows: a full tree is best where the target is sharp,
larger leaves where it is noisy, and they make the model smaller. Missing numbers go the way that
training found better (scikit-learn, `missing_go_to_left`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
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
        max_features="sqrt" if data.task == "classification" else 0.5,
        random_state=seed,
        n_jobs=-1,
    )
    matrix, validation = data.train.rows.matrix(), data.validation.rows.matrix()
    started = time.perf_counter()
    found: dict[int, tuple[float, Scores]] = {}
    for leaf in LEAVES:
        model = make(n_estimators=TRIAL_TREES, min_samples_leaf=leaf)
        model.fit(matrix, data.train.target)
        if _nodes(model) / TRIAL_TREES * 100 <= MOST_NODES or leaf == LEAVES[-1]:
            scores = _scores(model, validation, data)
            found[leaf] = (error_of(scores, data.validation), scores)
        if found and time.perf_counter() - started > seconds / 3:
            break
    leaf = min(found, key=lambda leaf: found[leaf][0])
    rest = seconds - (time.perf_counter() - started)
    took = (time.perf_counter() - started) / max(1, LEAVES.index(leaf) + 1) / TRIAL_TREES
    final = make(n_estimators=TRIAL_TREES, min_samples_leaf=leaf)
    final.fit(data.both.rows.matrix(), data.both.target)
    affordable = int(rest / max(took, 1e-6))
    fitting = MOST_NODES * TRIAL_TREES // max(1, _nodes(final))
    final.set_params(n_estimators=max(100, min(TREES, affordable, fitting)), warm_start=True)
    final.fit(data.both.rows.matrix(), data.both.target)
    encoding = data.both.rows.encoding
    trees = [_tree(one.tree_, data) for one in final.estimators_]
    return Learned(
        scores=lambda columns: _scores(final, encoding.encode(columns).matrix(), data),
        validation_scores=found[leaf][1],
        write=lambda graph, features: _write(graph, trees, features.matrix(encoding), data),
        hyperparameters={"n_estimators": len(trees), "min_samples_leaf": leaf},
        libraries=("sklearn",),
        notes={"nodes": _nodes(final)},
    )


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
