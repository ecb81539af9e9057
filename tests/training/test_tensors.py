"""Trees as tensor operators against the same trees as one node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, shape_inference

from contract.answers import compare
from contract.batch import Batch
from contract.graph import outline
from tests.conftest import MODELS
from tests.repositories import LABEL, PROBABILITIES
from tests.training.test_export import random_tree
from training import answers
from training.datasets import Dataset
from training.errors import ExportError
from training.export.envelope import wrap
from training.export.layout import lay_out
from training.export.linear import linear_graph
from training.export.packing import serialize
from training.export.tensors import has_trees, tensor_graph
from training.export.trees import NodeLimits, Tree, ensemble_graph

FLOAT, DOUBLE, INT32, INT64 = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.INT32,
    TensorProto.INT64,
)
# What ONNX Runtime's docs/OperatorKernels.md lists for the CUDA provider at opset 18, as far as
# these graphs need it: operator -> element types of its first input.
CUDA_KERNELS = {
    "Add": {FLOAT, INT32},
    "Cast": {FLOAT, DOUBLE, INT32, TensorProto.UINT8, TensorProto.UINT16},
    "Div": {INT32},
    "Equal": {FLOAT},
    "Flatten": {FLOAT},
    "Gather": {FLOAT, DOUBLE, INT32},
    "GatherElements": {INT32},
    "Log": {FLOAT},
    "Mul": {FLOAT, INT32},
    "Range": {INT32},
    "ReduceMax": {FLOAT},
    "ReduceMin": {FLOAT},
    "ReduceSum": {DOUBLE},
    "Reshape": {DOUBLE},
    "Softmax": {FLOAT},
    "Where": {TensorProto.BOOL},
}


def model_of(trees: list[Tree], test: str = "<=", **changes: Any) -> onnx.ModelProto:
    core = ensemble_graph(trees, n_targets=3, test=test, **changes)  # type: ignore[arg-type]
    return wrap(core, n_classes=3, link="identity", temperature=1.5, name="trees")


def ensembles(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    return [node for node in model.graph.node if node.op_type == "TreeEnsemble"]


def ensemble(model: onnx.ModelProto) -> onnx.NodeProto:
    (node,) = ensembles(model)
    return node


def leaf(value: float = 1.0, target: int = 0) -> Tree:
    values = np.zeros((1, 3))
    values[0, target] = value
    none = np.array([-1])
    return Tree(none, none, none, none, values)


def stump(feature: int, threshold: float, left: int, right: int) -> Tree:
    """A root and two leaves that vote for `left` and `right`."""
    values = np.zeros((3, 3))
    values[1, left] = values[2, right] = 1.0
    return Tree(
        np.array([1, -1, -1]), np.array([2, -1, -1]), np.array([feature, -1, -1]),
        np.array([threshold, 0, 0]), values,
    )  # fmt: skip


def one_target(tree: Tree, target: int) -> Tree:
    """The same tree, as boosting would grow it: all leaves add to one target."""
    values = np.zeros_like(tree.values)
    values[:, target] = tree.values.sum(axis=1)
    return replace(tree, values=values)


def ask(graph: bytes, images: NDArray[np.uint8]) -> Batch:
    """What a graph answers."""
    return answers.run_graph(graph, Batch({"images": images}))


def assert_alike(own: Batch, other: Batch) -> None:
    """The same labels, and probabilities that differ in the last bits alone."""
    difference = compare(own, other, (LABEL, PROBABILITIES))
    assert difference.label_mismatches == 0
    assert difference.max_difference <= 1e-6


def assert_same(model: onnx.ModelProto, images: NDArray[np.uint8]) -> onnx.ModelProto:
    rewritten = tensor_graph(model)
    assert not has_trees(rewritten)
    graph = serialize(rewritten)
    assert_alike(ask(serialize(model), images), ask(graph, images))
    seen = outline(graph)
    assert {domain for domain, _ in seen.operators} == {""}
    assert seen.external_tensors == ()
    assert (seen.inputs, seen.outputs) == (
        outline(serialize(model)).inputs,
        outline(serialize(model)).outputs,
    )
    return rewritten


def images(n: int = 50, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28), np.uint8)


@pytest.mark.parametrize("test", ["<=", "<"])
@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_forest_of_unequal_depths(seed: int, mixed: bool, test: str) -> None:
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, depth, mixed) for depth in (0, 1, 3, 9, 5)]
    model = model_of(trees, test, scale=0.5, base=np.array([0.1, 0.2, 0.3]))
    assert not lay_out([ensemble(model)]).grouped
    assert_same(model, images(seed=seed))


@pytest.mark.parametrize("test", ["<=", "<"])
@pytest.mark.parametrize("seed", range(3))
def test_boosted_trees_are_grouped_by_target(seed: int, test: str) -> None:
    rng = np.random.default_rng(seed)
    # Five trees of target 0, two of 1, none of 2: filled up to five each.
    targets = (0, 1, 0, 0, 1, 0, 0)
    trees = [one_target(random_tree(rng, 6, mixed=False), k) for k in targets]
    model = model_of(trees, test, base=np.array([0.5, 0.5, 0.5]))
    forest = lay_out([ensemble(model)])
    assert forest.grouped
    assert len(forest.root_left) == 15
    assert_same(model, images(seed=seed))


@pytest.mark.parametrize(
    "trees",
    [
        [leaf(2.0, 1)],
        [leaf(2.0, 1), stump(0, 100, 0, 2)],
        [leaf(0.0, 2)],
    ],
    ids=["only", "beside a taller one", "of no weight"],
)
def test_a_tree_may_be_one_leaf(trees: list[Tree]) -> None:
    assert_same(model_of(trees), images())


@pytest.mark.parametrize("test", ["<=", "<"])
@pytest.mark.parametrize("threshold", [-3, -0.5, 0, 0.5, 1, 127.5, 254, 254.5, 255, 255.5, 1e9])
def test_every_byte_falls_on_its_side_of_a_threshold(threshold: float, test: str) -> None:
    every = np.zeros((256, 28, 28), np.uint8)
    every[:, 0, 3] = np.arange(256)
    model = model_of([stump(3, threshold, 0, 2)], test)
    assert_same(model, every)
    values = np.arange(256)
    left = values < threshold if test == "<" else values <= threshold
    np.testing.assert_array_equal(ask(serialize(model), every)["label"], np.where(left, 0, 2))


def test_one_test_may_be_asked_twice() -> None:
    """The same pixel and threshold again below, on both sides: one child is never reached."""
    values = np.zeros((7, 3))
    values[[3, 4, 5, 6], [0, 1, 2, 1]] = 1.0
    tree = Tree(
        np.array([1, 3, 5, -1, -1, -1, -1]), np.array([2, 4, 6, -1, -1, -1, -1]),
        np.array([9, 9, 9, -1, -1, -1, -1]), np.array([80, 80, 80, 0, 0, 0, 0]), values,
    )  # fmt: skip
    assert_same(model_of([tree, tree]), images())


@pytest.mark.parametrize(
    ("mode", "left"),
    [(0, "true"), (1, "true"), (2, "false"), (3, "false")],
    ids=["<=", "<", ">=", ">"],
)
def test_every_kind_of_comparison_is_read(mode: int, left: str) -> None:
    model = model_of([stump(3, 100, 0, 2)])
    node = ensemble(model)
    change(node, "nodes_modes", numpy_helper.from_array(np.array([mode], np.uint8)))
    other = {"true": "false", "false": "true"}[left]
    change(node, f"nodes_{left}nodeids", [0])
    change(node, f"nodes_{other}nodeids", [1])
    every = np.zeros((256, 28, 28), np.uint8)
    every[:, 0, 3] = np.arange(256)
    assert_same(model, every)
    below = np.arange(256) < 100 if mode in (1, 2) else np.arange(256) <= 100
    label = ask(serialize(model), every).arrays["label"]
    np.testing.assert_array_equal(label, np.where(below, 0, 2))


def test_several_nodes_are_read_as_one() -> None:
    rng = np.random.default_rng(0)
    trees = [random_tree(rng, depth, mixed=False) for depth in (0, 4, 8, 2, 6, 8)]
    one, several = model_of(trees), model_of(trees, limits=NodeLimits(branches=20))
    assert len(ensembles(several)) > 2
    assert_same(several, images())
    assert serialize(tensor_graph(several)) == serialize(tensor_graph(one))


def test_nodes_that_are_not_summed_are_refused() -> None:
    trees = [stump(0, 100, 0, 2), stump(1, 100, 1, 2)]
    model = model_of(trees, limits=NodeLimits(branches=1))
    next(node for node in model.graph.node if node.op_type == "Sum").op_type = "Max"
    with pytest.raises(ExportError, match="'trees' does not hold exactly one tree"):
        tensor_graph(model)


def test_equal_votes_go_to_the_first_class() -> None:
    model = model_of([leaf(1.0, 2), leaf(1.0, 1), leaf(1.0, 0)])
    rewritten = assert_same(model, images(4))
    assert not any(node.op_type == "ArgMax" for node in rewritten.graph.node)
    assert ask(serialize(rewritten), images(4))["label"].tolist() == [0, 0, 0, 0]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 7), st.booleans())
def test_any_forest(seed: int, n_trees: int, depth: int, mixed: bool) -> None:
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, int(rng.integers(0, depth + 1)), mixed) for _ in range(n_trees)]
    assert_same(model_of(trees), images(20, seed % 1000))


def test_a_broad_tree_needs_wide_steps() -> None:
    """More than 65,535 nodes between a node and its children."""
    n = 2**17
    inner = np.arange(n - 1)
    feature, threshold = inner % 784, inner % 255
    values = np.zeros((2 * n - 1, 3))
    values[np.arange(n - 1, 2 * n - 1), np.arange(n) % 3] = 1.0
    none = np.full(n, -1)
    tree = Tree(
        np.append(2 * inner + 1, none), np.append(2 * inner + 2, none),
        np.append(feature, none), np.append(threshold, none), values,
    )  # fmt: skip
    rewritten = assert_same(model_of([tree]), images(20))
    stored = {c.name: c for c in rewritten.graph.initializer}
    assert stored["stored_steps"].data_type == TensorProto.INT32
    assert stored["stored_carries"].data_type == TensorProto.UINT8


def has_cuda_kernels(model: onnx.ModelProto) -> None:
    inferred = shape_inference.infer_shapes(model)
    types = {c.name: c.data_type for c in inferred.graph.initializer}
    for value in (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output):
        types[value.name] = value.type.tensor_type.elem_type
    for node in inferred.graph.node:
        assert types[node.input[0]] in CUDA_KERNELS[node.op_type], node


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("link", ["identity", "log"])
def test_every_operator_has_a_cuda_kernel(grouped: bool, link: str) -> None:
    tree = random_tree(np.random.default_rng(0), 5, mixed=False)
    core = ensemble_graph([one_target(tree, 1) if grouped else tree], n_targets=3)
    has_cuda_kernels(tensor_graph(wrap(core, n_classes=3, link=link, temperature=2.0, name="m")))


def change(node: onnx.NodeProto, name: str, value: Any) -> None:
    kept = [attribute for attribute in node.attribute if attribute.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda node: change(node, "aggregate_function", 0), "only sums"),
        (lambda node: change(node, "post_transform", 1), "only sums"),
        (
            lambda node: change(
                node, "nodes_modes", numpy_helper.from_array(np.array([4], np.uint8))
            ),
            "only sums",
        ),
        (
            lambda node: change(node, "nodes_missing_value_tracks_true", [1]),
            "nodes_missing_value_tracks_true",
        ),
    ],
    ids=["average", "post transform", "mode", "missing values"],
)
def test_another_kind_of_ensemble_is_refused(
    spoil: Callable[[onnx.NodeProto], None], message: str
) -> None:
    model = model_of([stump(0, 100, 0, 2)])
    spoil(ensemble(model))
    with pytest.raises(ExportError, match=message):
        tensor_graph(model)


def test_a_graph_without_trees_is_refused() -> None:
    core = linear_graph(np.zeros((784, 3)), np.zeros(3))
    model = wrap(core, n_classes=3, link="identity", temperature=1.0, name="linear")
    with pytest.raises(ExportError, match="'linear' does not hold exactly one tree"):
        tensor_graph(model)


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits-random-forest", "digits-xgboost"])
def test_a_committed_ensemble_answers_the_whole_test_set_alike(name: str, mnist: Dataset) -> None:
    folder = MODELS / name / "1"
    native = (folder / "model.onnx").read_bytes()
    committed = (folder / "model.cuda.onnx").read_bytes()
    assert serialize(tensor_graph(onnx.load_from_string(native))) == committed
    assert_alike(ask(native, mnist.test.images), ask(committed, mnist.test.images))
