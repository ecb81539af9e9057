"""A tree ensemble as plain tensor operators, for devices without a kernel for trees.

ONNX Runtime has no CUDA kernel for `TreeEnsemble`. The same trees, walked for all rows and all
trees at once, one level per step, need none (docs/decisions/0015):

    feature = Gather(features, node)            node: int32 [n, trees]
    pixel   = GatherElements(pixels, feature)
    node    = (Gather(keys, node) + pixel) / 256

A pixel is a byte and so is a threshold, so the comparison can be the carry of an addition: the
children of a branch stand side by side, and `key = 256 * left + 255 - threshold`. Where the pixel
exceeds the threshold the sum reaches the next multiple of 256, the right child. A leaf is a branch
whose left child is itself and whose threshold nothing exceeds, so short trees wait at their leaves
until the deepest is through. Whole numbers all the way: no rounding, on any device.

Stored are a feature, the distance to the left child (uint16 where they fit) and a threshold
(uint8) per node; the int32 tables are made of them by operators that ONNX Runtime folds into
constants when it loads the graph.

Memory per row: 4 bytes per pixel, three int32 per tree on the way and, at the end, a double per
tree, or one per tree and class where a tree's leaves vote for different classes. For the committed
forest (100 trees) that is 10 kB, for the committed boosted trees (3,000) 40 kB: a batch of 8,192
images takes 80 and 330 MB, and 2 GiB are enough for 131,072 and 32,768.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from training.errors import ExportError
from training.export.layout import Forest, lay_out

_TREES = "TreeEnsemble"
_BYTE = 256
# A key is 256 times a node's number plus a byte and must fit an int32.
_MOST_NODES = 2**31 // _BYTE


def has_trees(model: onnx.ModelProto) -> bool:
    """Whether a graph holds a tree ensemble."""
    return any(node.op_type == _TREES for node in model.graph.node)


def tensor_graph(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph without its tree ensemble: same inputs and outputs, same answers.

    The ensemble may be spread over several nodes that a `Sum` adds up. Everything around it, the
    calibration too, stays as it is but for ArgMax: ONNX Runtime's for CUDA ran on the CPU before
    1.21, and which of equal scores it takes is cuDNN's affair. Votes are often equal.

    Raises:
        ExportError: there is not one tree ensemble, or one that does more than sum leaves.
    """
    trees, total = _ensemble(model.graph)
    forest = lay_out(trees)
    if len(forest.feature) > _MOST_NODES:
        raise ExportError(f"{len(forest.feature)} nodes are more than {_MOST_NODES}")
    new = _Nodes()
    for node in model.graph.node:
        if node.output[0] == total:
            _walk(new, forest, trees[0].input[0], total)
        elif node.op_type == _TREES:
            continue
        elif node.op_type == "ArgMax":
            _first_largest(new, node.input[0], node.output[0], forest.n_targets)
        else:
            new.nodes.append(node)
    graph = helper.make_graph(
        new.nodes,
        model.graph.name,
        model.graph.input,
        model.graph.output,
        [*model.graph.initializer, *new.constants],
    )
    opsets = [opset for opset in model.opset_import if opset.domain != trees[0].domain]
    rewritten = helper.make_model(
        graph,
        opset_imports=opsets,
        ir_version=model.ir_version,
        producer_name=model.producer_name,
    )
    onnx.checker.check_model(rewritten, full_check=True)
    return rewritten


def _ensemble(graph: GraphProto) -> tuple[list[NodeProto], str]:
    """The nodes of the one tree ensemble, and the name of its sum."""
    trees = [node for node in graph.node if node.op_type == _TREES]
    if len(trees) == 1:
        return trees, trees[0].output[0]
    parts, inputs = [node.output[0] for node in trees], {node.input[0] for node in trees}
    sums = [node for node in graph.node if node.op_type == "Sum" and list(node.input) == parts]
    if len(sums) != 1 or len(inputs) != 1:
        raise ExportError(f"graph {graph.name!r} does not hold exactly one tree ensemble")
    return trees, sums[0].output[0]


class _Nodes:
    """The nodes and constants of a graph as they are written, each under the name it is given."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, name: str, array: NDArray[np.generic] | np.generic) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, output: str, kind: str, *inputs: str, **attributes: int) -> str:
        made = helper.make_node(kind, inputs, [output])
        made.attribute.extend(helper.make_attribute(*pair) for pair in attributes.items())
        self.nodes.append(made)
        return output

    def int32(self, output: str, name: str) -> str:
        return self.node(output, "Cast", name, to=TensorProto.INT32)


def _walk(new: _Nodes, forest: Forest, flat: str, total: str) -> None:
    """From `flat`, FP32 [n, pixels] of whole numbers, to `total`, FP32 [n, targets]."""
    pixels = new.int32("pixels_int", flat)
    byte = new.constant("byte", np.int32(_BYTE))
    features, keys = _tables(new, forest, byte)
    # The first step is the same for every row.
    feature = new.constant("root_features", forest.root_feature.astype(np.int32))
    root_keys = forest.root_left * _BYTE + _BYTE - 1 - forest.root_threshold
    key = new.constant("root_keys", root_keys.astype(np.int32))
    pixel = new.node("pixel_0", "Gather", pixels, feature, axis=1)
    node = ""
    for level in range(forest.depth):
        if level > 0:
            feature = new.node(f"feature_{level}", "Gather", features, node)
            pixel = new.node(f"pixel_{level}", "GatherElements", pixels, feature, axis=1)
            key = new.node(f"key_{level}", "Gather", keys, node)
        moved = new.node(f"moved_{level}", "Add", key, pixel)
        node = new.node(f"node_{level}", "Div", moved, byte)
    _add_up(new, forest, node, total)


def _tables(new: _Nodes, forest: Forest, byte: str) -> tuple[str, str]:
    """int32 features [nodes] and keys [nodes], from the smaller arrays that are stored."""
    count = len(forest.feature)
    zero, end, one = (
        new.constant(name, np.int32(value))
        for name, value in (("zero", 0), ("node_count", count), ("one", 1))
    )
    features = new.int32("features", new.constant("stored_features", _compact(forest.feature)))
    step = new.int32("step", new.constant("stored_steps", _compact(forest.step)))
    carries = (_BYTE - 1 - forest.threshold.astype(np.int64)).astype(np.uint8)
    carry = new.int32("carry", new.constant("stored_carries", carries))
    left = new.node("left", "Add", new.node("number", "Range", zero, end, one), step)
    return features, new.node("keys", "Add", new.node("left_256", "Mul", left, byte), carry)


def _add_up(new: _Nodes, forest: Forest, node: str, total: str) -> None:
    """Sum the leaves reached, int32 [n, trees], into `total`, FP32 [n, targets].

    In double precision the order of the additions, which every device chooses for itself, no
    longer shows.
    """
    if forest.grouped:  # [n, targets, trees of each]
        weights = new.constant("stored_weights", forest.weight[forest.leaf])
        weights = new.node("weights", "Cast", weights, to=TensorProto.DOUBLE)
        shape = new.constant("by_target", np.array([0, forest.n_targets, -1], np.int64))
        leaves = new.node("leaves", "Reshape", new.node("reached", "Gather", weights, node), shape)
        axis = 2
    else:  # [n, trees, targets]
        rows = np.zeros((len(forest.weight), forest.n_targets), np.float32)
        rows[np.arange(len(rows)), forest.target] = forest.weight
        weights = new.constant("stored_weights", rows)
        weights = new.node("weights", "Cast", weights, to=TensorProto.DOUBLE)
        kinds = new.int32("kinds", new.constant("stored_kinds", _compact(forest.leaf)))
        leaves = new.node("leaves", "Gather", weights, new.node("reached", "Gather", kinds, node))
        axis = 1
    axes = new.constant("tree_axis", np.array([axis], np.int64))
    exact = new.node("exact", "ReduceSum", leaves, axes, keepdims=0)
    new.node(total, "Cast", exact, to=TensorProto.FLOAT)


def _first_largest(new: _Nodes, scores: str, label: str, n_targets: int) -> None:
    """ArgMax over [n, targets] that takes the first of equals by its own making."""
    axes = new.constant("class_axis", np.array([1], np.int64))
    largest = new.node("largest", "ReduceMax", scores, axes, keepdims=1)
    equal = new.node("is_largest", "Equal", scores, largest)
    classes = new.constant("classes", np.arange(n_targets, dtype=np.float32))
    beyond = new.constant("beyond", np.float32(n_targets))
    ranked = new.node("ranked", "Where", equal, classes, beyond)
    first = new.node("first", "ReduceMin", ranked, axes, keepdims=0)
    new.node(label, "Cast", first, to=TensorProto.INT64)


def _compact(numbers: NDArray[np.integer]) -> NDArray[np.integer]:
    """Numbers of zero and more in the smallest unsigned type that holds them, int32 at most."""
    largest = int(numbers.max(initial=0))
    return numbers.astype(np.min_scalar_type(largest) if largest < _BYTE**2 else np.int32)
