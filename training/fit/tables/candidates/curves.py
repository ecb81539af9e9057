"""Curves of an additive model: tables over bins, and one tree per curve in the graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.export.trees import Tree
from training.fit.graph import Graph
from training.fit.tables.candidates.trees import mean_nodes, sum_nodes


@dataclass(frozen=True, eq=False)
class Leaf:
    """A leaf as a box: per column of its path, in rising order, the bins that reach it.

    low, high: bins low <= b < high. missing: whether a missing value reaches it. values [outputs].
    """

    columns: tuple[int, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    missing: tuple[bool, ...]
    values: NDArray[np.float64]


_END = 2**20  # beyond every bin


def leaves_of(tree: Tree) -> Iterator[Leaf]:
    """The leaves of a tree over bins; a node goes left if bin < threshold."""
    boxes: list[tuple[int, dict[int, tuple[int, int, bool]]]] = [(0, {})]
    while boxes:
        node, box = boxes.pop()
        left = int(tree.left[node])
        if left < 0:
            columns = tuple(sorted(box))
            low, high, missing = zip(*(box[c] for c in columns), strict=True) if box else ((),) * 3
            values = np.asarray(tree.values[node], np.float64)
            yield Leaf(columns, low, high, missing, values)
            continue
        feature = int(tree.feature[node])
        # The first bin that goes right.
        split = int(np.ceil(tree.threshold[node]))
        a, b, gap = box.get(feature, (0, _END, True))
        gap_left = bool(tree.missing_left is None or tree.missing_left[node])
        boxes.append((left, {**box, feature: (a, min(b, split), gap and gap_left)}))
        right = int(tree.right[node])
        boxes.append((right, {**box, feature: (max(a, split), b, gap and not gap_left)}))


@dataclass(frozen=True, eq=False)
class Curve:
    """A function of one or two columns, constant in each bin.

    edges: of each column, rising. table: float64 [bins + 1, ..., outputs], the last bin of each
    axis is for a missing value.
    """

    columns: tuple[int, ...]
    edges: tuple[NDArray[np.float32], ...]
    table: NDArray[np.float64]

    @classmethod
    def empty(
        cls, columns: tuple[int, ...], edges: tuple[NDArray[np.float32], ...], outputs: int
    ) -> Curve:
        """A curve that is zero everywhere."""
        return cls(columns, edges, np.zeros((*(len(e) + 2 for e in edges), outputs)))

    def add(self, leaf: Leaf, weight: float) -> None:
        """Add a leaf's values in its box."""
        axes = []
        for edges, low, high, missing in zip(
            self.edges, leaf.low, leaf.high, leaf.missing, strict=True
        ):
            last = len(edges) + 1
            inside = np.arange(low, min(high, last))
            axes.append(np.append(inside, last) if missing else inside)
        self.table[np.ix_(*axes)] += weight * leaf.values


def write_curves(graph: Graph, matrix: str, curves: list[Curve], outputs: int) -> str:
    """The sum of the curves, FP32 [n, outputs]."""
    if not curves:  # no column tells anything: zeros for every row
        column = graph.add("Slice", matrix, *(graph.constant(np.array([k])) for k in (0, 1, 1)))
        known = graph.add("IsNaN", column)
        zero = graph.constant(np.zeros((1, outputs), np.float32))
        return graph.add("Where", known, zero, zero)
    trees = [_tree(curve) for curve in curves]
    if outputs == 1:
        return sum_nodes(graph, trees, matrix, outputs=1, test="<")
    mean = mean_nodes(graph, trees, matrix, test="<")
    return graph.add("Mul", mean, graph.constant(np.float32(len(trees))))


class _Builder:
    """The arrays of a tree, grown node by node."""

    def __init__(self) -> None:
        self.left: list[int] = []
        self.right: list[int] = []
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.values: list[NDArray[np.float64]] = []

    def leaf(self, values: NDArray[np.float64]) -> int:
        return self._node(-1, 0.0, values)

    def branch(self, feature: int, threshold: float, outputs: int) -> int:
        return self._node(feature, threshold, np.zeros(outputs))

    def _node(self, feature: int, threshold: float, values: NDArray[np.float64]) -> int:
        self.left.append(-1)
        self.right.append(-1)
        self.feature.append(max(feature, 0))
        self.threshold.append(threshold)
        self.values.append(values)
        return len(self.left) - 1

    def tree(self) -> Tree:
        left = np.array(self.left)
        return Tree(
            left,
            np.array(self.right),
            np.array(self.feature),
            np.array(self.threshold, np.float32),
            np.array(self.values),
            np.zeros(len(left), bool),
        )


def _tree(curve: Curve) -> Tree:
    """The curve as one tree, balanced over each column's edges in turn."""
    builder = _Builder()
    _axis(builder, curve, 0, curve.table)
    return builder.tree()


def _axis(builder: _Builder, curve: Curve, axis: int, table: NDArray[np.float64]) -> int:
    """A subtree over the columns from `axis` on; its first node.

    Only a missing value fails the first test: every number is less than infinity.
    """
    if axis == len(curve.columns):
        return builder.leaf(table)
    feature, edges = curve.columns[axis], curve.edges[axis]
    root = builder.branch(feature, float("inf"), table.shape[-1])
    builder.left[root] = _between(builder, curve, axis, table, 0, len(edges))
    builder.right[root] = _axis(builder, curve, axis + 1, table[-1])
    return root


def _between(
    builder: _Builder, curve: Curve, axis: int, table: NDArray[np.float64], low: int, high: int
) -> int:
    """A balanced subtree over the bins low to high."""
    if low == high:
        return _axis(builder, curve, axis + 1, table[low])
    middle = (low + high) // 2
    node = builder.branch(curve.columns[axis], float(curve.edges[axis][middle]), table.shape[-1])
    builder.left[node] = _between(builder, curve, axis, table, low, middle)
    builder.right[node] = _between(builder, curve, axis, table, middle + 1, high)
    return node
