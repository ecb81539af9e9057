"""Core graphs against plain NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from training.export.envelope import logits_of, wrap
from training.export.packing import serialize
from training.export.trees import NodeLimits, Tree, ensemble_graph


def scores(core: onnx.ModelProto, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    session = ort.InferenceSession(serialize(core), providers=["CPUExecutionProvider"])
    answer: NDArray[np.float32] = session.run(["scores"], {"pixels": pixels})[0]
    return answer


def walk(tree: Tree, row: NDArray[np.float32], strict: bool) -> NDArray[np.floating]:
    node = 0
    while tree.left[node] >= 0:
        value, threshold = row[tree.feature[node]], np.float32(tree.threshold[node])
        goes_left = value < threshold if strict else value <= threshold
        node = int(tree.left[node] if goes_left else tree.right[node])
    values: NDArray[np.floating] = tree.values[node]
    return values


def roots(core: onnx.ModelProto) -> list[list[int]]:
    """The roots of the trees, per node."""
    nodes = [node for node in core.graph.node if node.op_type == "TreeEnsemble"]
    return [list(next(a for a in node.attribute if a.name == "tree_roots").ints) for node in nodes]


def random_tree(rng: np.random.Generator, depth: int, mixed: bool) -> Tree:
    """A tree of random shape whose leaves hold one target each, or several if `mixed`."""
    left: list[int] = []
    right: list[int] = []
    feature: list[int] = []
    threshold: list[float] = []

    def grow(level: int) -> int:
        node = len(left)
        for array in (left, right, feature, threshold):
            array.append(-1)
        if level < depth and rng.random() < 0.8:
            feature[node] = int(rng.integers(0, 784))
            threshold[node] = float(rng.integers(0, 255))
            left[node] = grow(level + 1)
            right[node] = grow(level + 1)
        return node

    grow(0)
    values = np.zeros((len(left), 3))
    for node in range(len(left)):
        for target in rng.choice(3, size=int(rng.integers(1, 4)) if mixed else 1, replace=False):
            values[node, target] = rng.normal()
    return Tree(np.array(left), np.array(right), np.array(feature), np.array(threshold), values)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("test", ["<=", "<"])
@pytest.mark.parametrize("seed", range(5))
def test_an_ensemble_answers_as_its_trees(seed: int, test: str, mixed: bool) -> None:
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, depth, mixed) for depth in (0, 1, 4, 8)]
    pixels = rng.integers(0, 256, (40, 28, 28)).astype(np.float32)
    core = ensemble_graph(trees, n_targets=3, test=test, scale=0.5, base=np.array([1, 2, 3]))  # type: ignore[arg-type]
    expected = np.array(
        [
            0.5 * np.sum([walk(tree, row, test == "<") for tree in trees], axis=0)
            + np.array([1, 2, 3])
            for row in pixels.reshape(40, -1)
        ]
    )
    np.testing.assert_allclose(scores(core, pixels).astype(float), expected, atol=1e-5)


@pytest.mark.parametrize("mixed", [False, True])
def test_an_ensemble_of_several_nodes_answers_as_one(mixed: bool) -> None:
    rng = np.random.default_rng(0)
    trees = [random_tree(rng, depth, mixed) for depth in (0, 8, 8, 1, 8, 4)]
    pixels = rng.integers(0, 256, (40, 28, 28)).astype(np.float32)
    one = ensemble_graph(trees, n_targets=3)
    several = ensemble_graph(trees, n_targets=3, limits=NodeLimits(branches=30))
    assert (len(roots(one)), len(roots(several)) > 2) == (1, True)
    np.testing.assert_allclose(scores(several, pixels), scores(one, pixels), atol=1e-5)


def test_a_node_takes_as_many_trees_as_fit() -> None:
    tree = random_tree(np.random.default_rng(1), 8, mixed=False)
    branches = int(np.count_nonzero(tree.left >= 0))
    for limits in (NodeLimits(branches=3 * branches), NodeLimits(trees=3)):
        core = ensemble_graph([tree] * 7, n_targets=3, limits=limits)
        assert [len(ints) for ints in roots(core)] == [3, 3, 1]


def test_trees_of_one_score_stay_in_one_node_and_add_up_alike() -> None:
    rng = np.random.default_rng(0)
    trees = []
    for k in range(60):
        tree = random_tree(rng, 5, mixed=False)
        values = np.zeros_like(tree.values)
        values[:, k % 3] = tree.values.sum(axis=1)
        trees.append(replace(tree, values=values))
    pixels = rng.integers(0, 256, (40, 28, 28)).astype(np.float32)
    one = ensemble_graph(trees, n_targets=3)
    several = ensemble_graph(trees, n_targets=3, limits=NodeLimits(trees=30))
    assert [len(ints) for ints in roots(several)] == [20, 20, 20]
    np.testing.assert_array_equal(scores(several, pixels), scores(one, pixels))


def test_the_dark_side_of_a_branch_is_that_of_the_failed_test() -> None:
    """ONNX Runtime keeps that child beside its parent, and most pixels are dark."""
    tree = random_tree(np.random.default_rng(1), 3, mixed=False)
    for test, mode in (("<=", 3), ("<", 2)):
        core = ensemble_graph([tree], n_targets=3, test=test)  # type: ignore[arg-type]
        node = next(node for node in core.graph.node if node.op_type == "TreeEnsemble")
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        assert set(numpy_helper.to_array(attributes["nodes_modes"]).tolist()) == {mode}


def test_equal_leaves_are_stored_once() -> None:
    rng = np.random.default_rng(0)
    tree = random_tree(rng, 8, mixed=False)
    tree = Tree(tree.left, tree.right, tree.feature, tree.threshold, (tree.values != 0) * 1.0)
    core = ensemble_graph([tree] * 20, n_targets=3)
    node = next(node for node in core.graph.node if node.op_type == "TreeEnsemble")
    targets = next(a for a in node.attribute if a.name == "leaf_targetids")
    assert len(targets.ints) == 3


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
def test_packing_loses_nothing(numbers: list[int]) -> None:
    node = helper.make_node("Made", ["a"], ["b"], numbers=numbers, word="x", number=3)
    model = helper.make_model(helper.make_graph([node], "g", [], []))
    assert onnx.load_from_string(serialize(model)) == model


def test_packing_makes_a_forest_smaller() -> None:
    tree = random_tree(np.random.default_rng(1), 8, mixed=False)
    core = ensemble_graph([tree] * 50, n_targets=3)
    assert len(serialize(core)) < 0.8 * len(core.SerializeToString())


@pytest.mark.parametrize("link", ["identity", "log"])
def test_the_envelope_calibrates_and_keeps_the_label(link: str) -> None:
    rng = np.random.default_rng(0)
    votes = rng.dirichlet(np.ones(10), 784) if link == "log" else rng.normal(size=(784, 10))
    from training.export.linear import linear_graph

    core = linear_graph(votes / 255 / 784, np.zeros(10))
    model = wrap(core, n_classes=10, link=link, temperature=0.5, name="m")
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    images = rng.integers(0, 256, (20, 28, 28), np.uint8)
    label, probabilities = session.run(["label", "probabilities"], {"images": images})
    raw = images.reshape(20, -1) @ (votes / 255 / 784)
    np.testing.assert_array_equal(label, raw.argmax(axis=1))
    exponent = np.exp(logits_of(raw, link) / 0.5)
    np.testing.assert_allclose(
        probabilities, exponent / exponent.sum(axis=1, keepdims=True), atol=1e-5
    )
