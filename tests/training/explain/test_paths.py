"""Contributions along paths equal those of a plain walk, and of XGBoost's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import xgboost
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from contract.tensors import Input
from training.explain import paths
from training.explain.answers import Scale, finish
from training.explain.ensembles import with_cover
from training.explain.paths import groups_of, write_paths
from training.explain.preorder import Preorder
from training.export.graph import Graph, tensor
from training.export.trees import Tree
from training.fit.tables.candidates.boosting import classes_of, covers_of, trees_of

COLUMNS = 6


def inputs_of(columns: int = COLUMNS) -> list[Input]:
    return [
        Input.model_validate(
            {"name": "x", "datatype": "FP32", "shape": (-1, columns), "content": "number",
             "columns": [f"c{i}" for i in range(columns)]}
        )
    ]  # fmt: skip


def explain(
    trees: Preorder, rows: NDArray[np.float32], target: NDArray[np.int64] | None, scale: Scale,
    test: paths.Test = "<=", own: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.float64], ...]:  # fmt: skip
    """attribution, base and value of the graph; own: the class of each tree."""
    graph = Graph()
    parts = write_paths(graph, "x", trees, groups_of(trees, own), test)
    declared = [tensor("x", "FP32", (rows.shape[1],))]
    model = finish(
        graph, "p", declared, inputs_of(rows.shape[1]), parts, scale, classes=target is not None
    )
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(model.SerializeToString())
    given: dict[str, Any] = {"x": rows} | ({} if target is None else {"/target": target})
    return tuple(session.run(["/attribution", "/base", "/value"], given))


def table(classes: int, n: int = 300) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    generator = np.random.default_rng(classes)
    rows = generator.normal(size=(n, COLUMNS)).astype(np.float32)
    scores = rows[:, :classes] + 0.3 * generator.normal(size=(n, classes))
    return rows, scores.argmax(axis=1)


def sklearn_trees(forest: Any) -> tuple[list[Tree], list[NDArray[np.float64]]]:
    trees, covers = [], []
    for one in forest.estimators_:
        tree = one.tree_
        values = tree.value[:, 0, :]
        if hasattr(forest, "classes_"):
            values = values / values.sum(axis=1, keepdims=True)
        trees.append(
            Tree(tree.children_left, tree.children_right, np.maximum(tree.feature, 0),
                 tree.threshold, values)
        )  # fmt: skip
        covers.append(tree.weighted_n_node_samples)
    return trees, covers


def walked(
    trees: list[Tree], rows: NDArray[np.float32], target: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The same in a plain loop, from scikit-learn's own values of nodes."""
    found = np.zeros(rows.shape)
    for tree in trees:
        for i, row in enumerate(rows):
            node = 0
            while tree.left[node] >= 0:
                column = tree.feature[node]
                side = tree.left if row[column] <= tree.threshold[node] else tree.right
                after = int(side[node])
                change = tree.values[after, target[i]] - tree.values[node, target[i]]
                found[i, column] += change / len(trees)
                node = after
    return found


@pytest.mark.parametrize("counted", [False, True])
def test_a_forest_of_full_trees(monkeypatch: pytest.MonkeyPatch, counted: bool) -> None:
    if counted:
        monkeypatch.setattr(paths, "MOST_VALUES", 1)
    rows, target = table(4)
    forest = RandomForestClassifier(12, random_state=0).fit(rows, target)
    trees, covers = sklearn_trees(forest)
    asked, classes = rows[:40], np.arange(40) % 4
    attribution, base, value = explain(
        Preorder.of(trees, covers), asked, classes, Scale.by(1 / 12, 0.0, 4)
    )
    np.testing.assert_allclose(attribution, walked(trees, asked, classes), atol=1e-6)
    np.testing.assert_allclose(value, forest.predict_proba(asked)[np.arange(40), classes])
    np.testing.assert_allclose(base + attribution.sum(axis=1), value, atol=1e-12)


def test_a_forest_of_numbers() -> None:
    rows, _ = table(2)
    forest = RandomForestRegressor(8, min_samples_leaf=3, random_state=0).fit(rows, rows[:, 0] ** 2)
    trees, covers = sklearn_trees(forest)
    asked = rows[:30]
    attribution, base, value = explain(
        Preorder.of(trees, covers), asked, None, Scale.by(1 / 8, 0.0, 1)
    )
    np.testing.assert_allclose(attribution, walked(trees, asked, np.zeros(30, np.int64)), atol=1e-6)
    np.testing.assert_allclose(value, forest.predict(asked), rtol=1e-5)
    np.testing.assert_allclose(base + attribution.sum(axis=1), value, atol=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
def test_boosted_trees_with_gaps_equal_xgboosts_own(classes: int) -> None:
    rows, target = table(classes)
    rows[np.random.default_rng(0).random(rows.shape) < 0.2] = np.nan
    task = {"objective": "binary:logistic"} if classes == 2 else {
        "objective": "multi:softprob", "num_class": classes,
    }  # fmt: skip
    matrix = xgboost.DMatrix(rows, target)
    booster = xgboost.train({**task, "max_depth": 4, "base_score": 0.5}, matrix, 15)
    own = booster.predict(matrix, pred_contribs=True, approx_contribs=True)
    outputs = 1 if classes == 2 else classes
    trees = trees_of(booster, outputs)
    preorder = Preorder.of(trees, covers_of(booster))
    asked = np.arange(len(rows)) % classes
    scale = (
        Scale(np.array([-1.0, 1.0]), np.zeros(2)) if classes == 2 else Scale.by(1.0, 0.5, classes)
    )
    attribution, base, value = explain(
        preorder, rows, asked, scale, "<", None if classes == 2 else classes_of(booster)
    )
    margins = booster.predict(matrix, output_margin=True).reshape(len(rows), -1)
    if classes == 2:
        signs = np.where(asked == 1, 1.0, -1.0)
        expected, margin = own * signs[:, None], margins[:, 0] * signs
    else:
        expected, margin = own[np.arange(len(rows)), asked], margins[np.arange(len(rows)), asked]
    np.testing.assert_allclose(attribution, expected[:, :-1], atol=1e-5)
    np.testing.assert_allclose(base, expected[:, -1], atol=1e-5)
    np.testing.assert_allclose(value, margin, atol=1e-5)
    np.testing.assert_allclose(base + attribution.sum(axis=1), value, atol=1e-9)


def test_the_cover_of_a_leaf_is_the_rows_that_reach_it() -> None:
    rows, target = table(3)
    forest = RandomForestClassifier(5, bootstrap=False, max_features=2, random_state=0)
    forest.fit(rows, target)
    trees, covers = sklearn_trees(forest)
    counted, known = with_cover(trees, rows), Preorder.of(trees, covers)
    np.testing.assert_array_equal(counted.cover, known.cover)
    np.testing.assert_allclose(
        counted.node_values()[counted.roots], known.node_values()[known.roots]
    )


def test_a_tree_that_is_one_leaf_contributes_nothing() -> None:
    leaf = Tree(np.array([-1]), np.array([-1]), np.array([0]), np.zeros(1), np.array([[0.25]]))
    found = explain(
        Preorder.of([leaf], [np.ones(1)]), np.ones((3, COLUMNS), np.float32), None,
        Scale.by(2.0, 1.0, 1),
    )  # fmt: skip
    assert not found[0].any()
    assert found[1].tolist() == found[2].tolist() == [1.5] * 3


def test_a_class_whose_trees_are_all_zeros_keeps_its_place() -> None:
    """XGBoost grows such trees for a rare class that is soon certain."""
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(106, COLUMNS)).astype(np.float32)
    target = np.repeat([0, 1, 2], [50, 50, 6])
    rows[np.arange(106), target] += 8
    settings = {"objective": "multi:softprob", "num_class": 3, "min_child_weight": 20}
    matrix = xgboost.DMatrix(rows, target)
    booster = xgboost.train({**settings, "base_score": 0.5, "eta": 0.3}, matrix, 60)
    trees = trees_of(booster, 3)
    assert any(not tree.values.any() for tree in trees)
    asked = target.astype(np.int64)
    attribution, base, value = explain(
        Preorder.of(trees, covers_of(booster)), rows, asked, Scale.by(1.0, 0.5, 3), "<",
        classes_of(booster),
    )  # fmt: skip
    margins = booster.predict(matrix, output_margin=True)[np.arange(106), asked]
    np.testing.assert_allclose(value, margins, atol=1e-5)
    np.testing.assert_allclose(base + attribution.sum(axis=1), value, atol=1e-9)
