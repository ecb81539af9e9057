"""Shapley values of trees equal XGBoost's own, and the definition."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import xgboost
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from tests.training.explain.test_paths import (
    COLUMNS,
    inputs_of,
    sklearn_trees,
    table,
)
from training.explain.answers import Scale, finish
from training.explain.paths import Test
from training.explain.tree_shap import Boxes, depth_of, write_tree_shap
from training.export.graph import Graph, tensor
from training.export.trees import Tree
from training.fit.tables.candidates.boosting import covers_of, trees_of


def explain(
    boxes: Boxes, rows: NDArray[np.float32], target: NDArray[np.int64] | None, scale: Scale,
    test: Test,
) -> tuple[NDArray[np.float64], ...]:  # fmt: skip
    graph = Graph()
    parts = write_tree_shap(graph, "x", boxes, test)
    model = finish(
        graph, "s", [tensor("x", "FP32", (COLUMNS,))], inputs_of(), parts, scale,
        classes=target is not None,
    )  # fmt: skip
    session = ort.InferenceSession(model.SerializeToString())
    given: dict[str, Any] = {"x": rows} | ({} if target is None else {"/target": target})
    return tuple(session.run(["/attribution", "/base", "/value"], given))


@pytest.mark.parametrize("depth", [1, 3, 8])
@pytest.mark.parametrize("classes", [2, 3])
def test_boosted_trees_with_gaps(classes: int, depth: int) -> None:
    rows, target = table(classes)
    rows[np.random.default_rng(0).random(rows.shape) < 0.2] = np.nan
    task = {"objective": "binary:logistic"} if classes == 2 else {
        "objective": "multi:softprob", "num_class": classes,
    }  # fmt: skip
    matrix = xgboost.DMatrix(rows, target)
    booster = xgboost.train({**task, "max_depth": depth, "base_score": 0.5}, matrix, 10)
    own = booster.predict(matrix, pred_contribs=True)
    boxes = Boxes.of(trees_of(booster, 1 if classes == 2 else classes), covers_of(booster))
    asked = np.arange(len(rows)) % classes
    if classes == 2:
        signs = np.where(asked == 1, 1.0, -1.0)
        expected, scale = own * signs[:, None], Scale(np.array([-1.0, 1.0]), np.zeros(2))
    else:
        expected, scale = own[np.arange(len(rows)), asked], Scale.by(1.0, 0.5, classes)
    attribution, base, value = explain(boxes, rows, asked, scale, "<")
    np.testing.assert_allclose(attribution, expected[:, :-1], atol=1e-5)
    np.testing.assert_allclose(base, expected[:, -1], atol=1e-5)
    np.testing.assert_allclose(base + attribution.sum(axis=1), value, atol=1e-9)


def test_the_definition_on_a_small_forest() -> None:
    rows, target = table(3, 80)
    forest = ExtraTreesClassifier(4, max_depth=4, random_state=0).fit(rows, target)
    trees, covers = sklearn_trees(forest)
    asked, classes = rows[:10], np.arange(10) % 3
    attribution, base, value = explain(
        Boxes.of(trees, covers), asked, classes, Scale.by(1 / 4, 0.0, 3), "<="
    )
    np.testing.assert_allclose(value, forest.predict_proba(asked)[np.arange(10), classes])
    for i in range(10):
        expected = _by_definition(trees, covers, asked[i], int(classes[i]))
        np.testing.assert_allclose(attribution[i], expected, atol=1e-9)
    np.testing.assert_allclose(base + attribution.sum(axis=1), value, atol=1e-12)


def _by_definition(
    trees: list[Tree], covers: list[NDArray[np.float64]], row: NDArray[np.float32], target: int
) -> NDArray[np.float64]:
    worth = {
        known: sum(
            _expected(tree, cover, 0, row, target, frozenset(known))
            for tree, cover in zip(trees, covers, strict=True)
        )
        / len(trees)
        for size in range(COLUMNS + 1)
        for known in itertools.combinations(range(COLUMNS), size)
    }
    found = np.zeros(COLUMNS)
    for known, value in worth.items():
        for column in set(range(COLUMNS)) - set(known):
            more = tuple(sorted((*known, column)))
            weight = math.factorial(len(known)) * math.factorial(COLUMNS - len(known) - 1)
            found[column] += weight / math.factorial(COLUMNS) * (worth[more] - value)
    return found


def _expected(
    tree: Tree, cover: NDArray[np.float64], node: int, row: NDArray[np.float32], target: int,
    known: frozenset[int],
) -> float:  # fmt: skip
    if tree.left[node] < 0:
        return float(tree.values[node, target])
    children = (int(tree.left[node]), int(tree.right[node]))
    column = int(tree.feature[node])
    if column in known:
        side = children[0] if row[column] <= tree.threshold[node] else children[1]
        return _expected(tree, cover, side, row, target, known)
    return float(
        sum(
            cover[c] / cover[node] * _expected(tree, cover, c, row, target, known) for c in children
        )
    )


def test_depth() -> None:
    leaf = np.array([-1, -1, -1])
    chain = Tree(
        np.array([1, -1, -1]), np.array([2, -1, -1]), np.zeros(3, int), np.zeros(3), np.ones((3, 1))
    )
    single = Tree(leaf[:1], leaf[:1], np.zeros(1, int), np.zeros(1), np.ones((1, 1)))
    assert depth_of([single]) == 0
    assert depth_of([single, chain]) == 1
