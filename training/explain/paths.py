"""Contributions of the splits along the decision paths, as tensor operators.

At each split the value of the node, the mean of the leaves below it, becomes that of a child; the
change is the contribution of the column that is tested (Saabas, 2014; treeinterpreter). From the
root to the leaf the changes add up to the leaf less the root, for each tree and for their sum.

All trees are walked at once, one level a step, as in `training.export.tensors`; a leaf is its own
child, so short trees wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from contract.explanations import TARGET
from training.explain.answers import BOOL, FLOAT, INT32, INT64, double
from training.explain.preorder import Preorder
from training.export.graph import Graph

Test = Literal["<=", "<"]
_TESTS: dict[Test, str] = {"<=": "LessOrEqual", "<": "Less"}
# More values of nodes than this are not stored one by one.
MOST_VALUES = 4_000_000


@dataclass(frozen=True, eq=False)
class Groups:
    """Which trees explain which class.

    roots: int64 [groups, trees]: of the class, or one group for all. column: of a tree's values,
    the class's own where leaves hold one number per class, else 0.
    """

    roots: NDArray[np.int64]
    values_by_class: bool


def groups_of(trees: Preorder, target: NDArray[np.int64] | None) -> Groups:
    """Trees grouped by the class to whose score they add; one group where they add to all.

    Args:
        target: int64 [trees], or None where a leaf holds numbers of all classes, or there is one.
    """
    if target is None:
        return Groups(trees.roots[None], trees.values.shape[1] > 1)
    members = [trees.roots[target == k] for k in range(int(target.max()) + 1)]
    if len({len(m) for m in members}) != 1:
        raise ValueError("every class must have as many trees")
    return Groups(np.stack(members), values_by_class=False)


def write_paths(
    graph: Graph, matrix: str, trees: Preorder, groups: Groups, test: Test
) -> tuple[str, str, str]:
    """Nodes from `matrix` FP32 [n, columns] and `target` INT64 [n].

    Returns:
        names of the contributions FP64 [n, columns], and of the sums of the values of roots and of
        leaves, FP64 [n].
    """
    walk = _Walk(graph, trees, groups)
    node = walk.start(matrix)
    first = value = walk.value(node)
    features, changes = [], []
    for _ in range(trees.depth):
        feature = graph.add("Gather", walk.feature, node)
        node = walk.step(matrix, node, feature, test)
        after = walk.value(node)
        changes.append(graph.add("Sub", after, value))
        features.append(feature)
        value = after
    shape = graph.add("Shape", matrix)
    zeros = graph.add("Expand", graph.constant(np.zeros((1, 1))), shape)
    if features:
        where = graph.add("Concat", *features, axis=1)
        what = graph.add("Concat", *changes, axis=1)
        zeros = graph.add("ScatterElements", zeros, where, what, axis=1, reduction="add")
    axis = graph.constant(np.array([1]))
    sums = (graph.add("ReduceSum", each, axis, keepdims=0) for each in (first, value))
    return (zeros, *sums)  # type: ignore[return-value]


class _Walk:
    """Constants of the trees, and steps from level to level. Nodes are INT32 [n, trees]."""

    def __init__(self, graph: Graph, trees: Preorder, groups: Groups) -> None:
        self._graph, self._groups = graph, groups
        count, branch = len(trees.size), trees.size > 1
        # ONNX Runtime folds all of this into constants when it loads the graph.
        one = graph.constant(np.int32(1))
        size = graph.add("Cast", graph.constant(_small(np.append(trees.size, 1))), to=INT32)
        own = graph.add("Slice", size, *(graph.constant(np.array([k])) for k in (0, count)))
        number = graph.add("Range", *(graph.constant(np.int32(k)) for k in (0, count, 1)))
        leaf = graph.add("Equal", own, one)
        ahead = graph.add("Add", number, one)
        right = graph.add("Add", ahead, graph.add("Gather", size, ahead))
        self._left = graph.add("Where", leaf, number, ahead)
        self._right = graph.add("Where", leaf, number, right)
        is_leaf = graph.add("Cast", leaf, to=INT32)
        first = graph.add("CumSum", is_leaf, graph.constant(np.int64(0)), exclusive=1)
        # Only branches have a test: the place of a node among them.
        last = graph.constant(np.int32(max(0, int(branch.sum()) - 1)))
        rank = graph.add("Min", graph.add("Sub", number, first), last)

        def tested(stored: NDArray[np.generic], kind: int) -> str:
            kept = stored[branch] if branch.any() else stored[:1]
            return graph.add("Gather", graph.add("Cast", graph.constant(kept), to=kind), rank)

        self.feature = tested(_small(trees.feature), INT32)
        self._threshold = tested(_compact(trees.threshold), FLOAT)
        self._missing_left = tested(trees.missing_left, BOOL) if trees.missing_left.any() else None
        self._value = _values(graph, trees, groups, _Ends(own, first))

    def start(self, matrix: str) -> str:
        """The roots, for every row."""
        graph = self._graph
        roots = graph.add("Cast", graph.constant(_small(self._groups.roots)), to=INT32)
        if len(self._groups.roots) > 1:
            return graph.add("Gather", roots, TARGET)
        rows = graph.add("Shape", matrix, start=0, end=1)
        width = graph.constant(np.array([self._groups.roots.shape[1]]))
        return graph.add("Expand", roots, graph.add("Concat", rows, width, axis=0))

    def step(self, matrix: str, node: str, feature: str, test: Test) -> str:
        """The children that the rows go to."""
        graph = self._graph
        tested = graph.add("GatherElements", matrix, feature, axis=1)
        goes_left = graph.add(_TESTS[test], tested, graph.add("Gather", self._threshold, node))
        if self._missing_left is not None:
            missing = graph.add(
                "And", graph.add("IsNaN", tested), graph.add("Gather", self._missing_left, node)
            )
            goes_left = graph.add("Or", goes_left, missing)
        children = (graph.add("Gather", each, node) for each in (self._left, self._right))
        return graph.add("Where", goes_left, *children)

    def value(self, node: str) -> str:
        """The values of nodes, FP64 [n, trees]."""
        return self._value(node)


@dataclass(frozen=True)
class _Ends:
    """Tensors INT32 [nodes]: nodes of each subtree, and leaves before it."""

    size: str
    first: str


def _values(graph: Graph, trees: Preorder, groups: Groups, ends: _Ends) -> Callable[[str], str]:
    """A function from nodes to their values."""
    if groups.values_by_class and trees.size.size * trees.values.shape[1] > MOST_VALUES:
        return _counted(graph, trees, ends)
    values = trees.node_values()
    return _listed(graph, values if groups.values_by_class else values.sum(axis=1))


def _listed(graph: Graph, values: NDArray[np.float64]) -> Callable[[str], str]:
    """Values that are stored, one per node, or one per node and class."""
    flat = double(graph, graph.constant(values.astype(np.float32).ravel()))
    if values.ndim == 1:
        return lambda node: graph.add("Gather", flat, node)
    place = _place(graph, values.shape[1])
    return lambda node: graph.add("Gather", flat, place(node))


def _counted(graph: Graph, trees: Preorder, ends: _Ends) -> Callable[[str], str]:
    """Shares of votes, counted below each node: of full trees the values would be too many.

    A leaf votes for one class. The votes below a node are a difference of two cumulative sums over
    the leaves, which are whole numbers and exact in float32 up to 2**24.
    """
    classes = trees.values.shape[1]
    votes = trees.values.argmax(axis=1)
    if not np.array_equal(trees.values, np.eye(classes)[votes]) or trees.cover.sum() >= 2**24:
        raise ValueError("the values of so many nodes can be counted only where leaves vote")
    cover = trees.cover.astype(np.min_scalar_type(int(trees.cover.max())))
    weight = graph.add("Cast", graph.constant(cover), to=FLOAT)
    zero, one = graph.constant(np.int64(0)), graph.constant(np.array([1]))
    padded = graph.add("Concat", graph.constant(np.zeros(1, np.float32)), weight, axis=0)
    total = graph.add("CumSum", padded, zero)
    hot = graph.add(
        "OneHot",
        graph.add("Cast", graph.constant(votes.astype(np.uint8)), to=INT64),
        graph.constant(np.int64(classes)),
        graph.constant(np.array([0, 1], np.float32)),
    )
    each = graph.add("Mul", hot, graph.add("Unsqueeze", weight, one))
    rows = graph.add("Concat", graph.constant(np.zeros((1, classes), np.float32)), each, axis=0)
    by_class = graph.add("Reshape", graph.add("CumSum", rows, zero), graph.constant(np.array([-1])))
    # A subtree of s nodes has (s + 1) / 2 leaves.
    more = graph.add("Add", ends.size, graph.constant(np.int32(1)))
    last = graph.add("Add", ends.first, graph.add("Div", more, graph.constant(np.int32(2))))
    place = _place(graph, classes)

    def value(node: str) -> str:
        edges = [graph.add("Gather", edge, node) for edge in (last, ends.first)]
        own, all_ = (
            graph.add(
                "Sub",
                *(double(graph, graph.add("Gather", sums, at(end))) for end in edges),
            )
            for sums, at in ((by_class, place), (total, lambda end: end))
        )
        return graph.add("Div", own, all_)

    return value


def _place(graph: Graph, classes: int) -> Callable[[str], str]:
    """From rows of a flat table [rows * classes] to the place of the target in each."""
    width = graph.constant(np.int32(classes))
    column = graph.add(
        "Unsqueeze", graph.add("Cast", TARGET, to=INT32), graph.constant(np.array([1]))
    )
    return lambda row: graph.add("Add", graph.add("Mul", row, width), column)


def _compact(thresholds: NDArray[np.float32]) -> NDArray[np.generic]:
    """Thresholds as bytes if that loses nothing."""
    small = np.clip(np.nan_to_num(thresholds), 0, 255).astype(np.uint8)
    return small if np.array_equal(small.astype(np.float32), thresholds) else thresholds


def _small(numbers: NDArray[np.int64]) -> NDArray[np.integer]:
    """Whole numbers in the smallest unsigned type that holds them, int32 at most."""
    largest = int(numbers.max(initial=0))
    return numbers.astype(np.min_scalar_type(largest) if largest < 2**16 else np.int32)
