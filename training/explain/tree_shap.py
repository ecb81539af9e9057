"""Shapley values of trees, exact, as tensor operators.

The game is that of TreeSHAP with the training rows that reach each node (Lundberg et al., 2020): a
leaf with value v is worth v times a product over the columns of its path; of a column that is known
the factor is 1 or 0, whether the row passes its tests, of one that is not the share z of the rows
that pass them. A player's Shapley value in a product game is the integral over t in [0, 1] of the
product of t * o + (1 - t) * z over the others, times its own o - z (Owen, 1972). The integrand is a
polynomial of degree one less than the columns of the path, which Gauss-Legendre's rule integrates
exactly with half as many points. So there is no recursion: all leaves at once, in double precision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.explanations import TARGET
from training.explain.answers import BOOL, double
from training.explain.paths import Test
from training.export.graph import Graph
from training.export.trees import Tree

# Deeper trees have too many leaves, and paths of too many columns, to weigh all of them.
MOST_DEPTH = 12
# Leaves times places; a row takes some 50 bytes for each.
MOST_CELLS = 400_000


@dataclass(frozen=True, eq=False)
class Boxes:
    """The leaves of all trees as boxes over the columns of their paths.

    Places beyond a leaf's own columns have an interval of all numbers and share 1.

    Attributes:
        feature: int64 [leaves, places]. low, high: float32 [leaves, places]; a row passes the tests
            of a column from low to high. missing: bool [leaves, places], whether a gap passes.
        share: float64 [leaves, places], of the rows that pass. values: float64 [leaves, targets].
        expected: float64 [targets], the sum over trees of the mean leaf.
    """

    feature: NDArray[np.int64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    missing: NDArray[np.bool_]
    share: NDArray[np.float64]
    values: NDArray[np.float64]
    expected: NDArray[np.float64]

    @classmethod
    def of(cls, trees: Sequence[Tree], covers: Sequence[NDArray[np.floating]]) -> Boxes:
        """The boxes of trees, with the cover of each node, [nodes]."""
        found = [leaf for pair in zip(trees, covers, strict=True) for leaf in _leaves(*pair)]
        places = max(1, *(len(leaf.columns) for leaf in found))
        shape = (len(found), places)
        boxes = cls(
            feature=np.zeros(shape, np.int64),
            low=np.full(shape, -np.inf, np.float32),
            high=np.full(shape, np.inf, np.float32),
            missing=np.ones(shape, bool),
            share=np.ones(shape),
            values=np.stack([leaf.values for leaf in found]).astype(np.float64),
            expected=np.sum(
                [leaf.values * np.prod([c.share for c in leaf.columns.values()]) for leaf in found],
                axis=0,
            ),
        )
        for i, leaf in enumerate(found):
            for j, (feature, column) in enumerate(leaf.columns.items()):
                boxes.feature[i, j] = feature
                boxes.low[i, j], boxes.high[i, j] = column.low, column.high
                boxes.missing[i, j], boxes.share[i, j] = column.missing, column.share
        return boxes


@dataclass(frozen=True)
class _Column:
    """The tests of one column on a path: from low to high, and the share of rows that pass."""

    low: float = -np.inf
    high: float = np.inf
    missing: bool = True
    share: float = 1.0


@dataclass(frozen=True, eq=False)
class _Leaf:
    columns: dict[int, _Column]
    values: NDArray[np.floating]


def _leaves(tree: Tree, cover: NDArray[np.floating]) -> Iterator[_Leaf]:
    waiting: list[tuple[int, dict[int, _Column]]] = [(0, {})]
    while waiting:
        node, path = waiting.pop()
        if tree.left[node] < 0:
            yield _Leaf(path, np.asarray(tree.values[node]))
            continue
        feature, threshold = int(tree.feature[node]), float(tree.threshold[node])
        before = path.get(feature, _Column())
        gap_left = bool(tree.missing_left is not None and tree.missing_left[node])
        total = float(cover[node])
        for side, is_left in ((tree.left, True), (tree.right, False)):
            child = int(side[node])
            after = _Column(
                before.low if is_left else max(before.low, threshold),
                min(before.high, threshold) if is_left else before.high,
                before.missing and gap_left == is_left,
                before.share * (float(cover[child]) / total if total else 0.0),
            )
            waiting.append((child, {**path, feature: after}))


def depth_of(trees: Sequence[Tree]) -> int:
    """Most splits on a path."""
    deepest = 0
    for tree in trees:
        level = np.zeros(len(tree.left), np.int64)
        waiting = [0]
        while waiting:
            node = waiting.pop()
            for child in (int(tree.left[node]), int(tree.right[node])):
                if child >= 0:
                    level[child] = level[node] + 1
                    waiting.append(child)
        deepest = max(deepest, int(level.max(initial=0)))
    return deepest


def write_tree_shap(graph: Graph, matrix: str, boxes: Boxes, test: Test) -> tuple[str, str, str]:
    """Nodes from `matrix` FP32 [n, columns], and the target where leaves have several values.

    Returns:
        names of the contributions FP64 [n, columns], of the expected and of the actual sum of
        leaves, FP64 [n].
    """
    leaves, places = boxes.feature.shape
    flat = graph.constant(boxes.feature.ravel())
    shape = graph.constant(np.array([-1, leaves, places]))
    x = graph.add("Reshape", graph.add("Gather", matrix, flat, axis=1), shape)
    passed = double(graph, _passed(graph, x, boxes, test))
    share = graph.constant(boxes.share)
    gain = graph.add("Sub", passed, share)
    weights = _values(graph, boxes)
    last = graph.constant(np.array([-1]))
    points, masses = np.polynomial.legendre.leggauss(max(1, -(-places // 2)))
    terms = []
    for t, mass in zip((points + 1) / 2, masses / 2, strict=True):
        factor = graph.add(
            "Max",
            graph.add("Add", graph.add("Mul", gain, graph.constant(np.float64(t))), share),
            # Of a column that no row passes and this one does not either: any number will do.
            graph.constant(np.float64(1e-300)),
        )
        product = graph.add("ReduceProd", factor, last, keepdims=1)
        others = graph.add("Div", product, factor)
        terms.append(graph.add("Mul", others, graph.constant(np.float64(mass))))
    mean = terms[0] if len(terms) == 1 else graph.add("Sum", *terms)
    each = graph.add("Mul", graph.add("Mul", mean, gain), weights)
    zeros = graph.add("Expand", graph.constant(np.zeros((1, 1))), graph.add("Shape", matrix))
    count = graph.add("Shape", matrix, start=0, end=1)
    where = graph.add(
        "Expand", flat,
        graph.add("Concat", count, graph.constant(np.array([leaves * places])), axis=0),
    )  # fmt: skip
    what = graph.add("Reshape", each, graph.constant(np.array([-1, leaves * places])))
    found = graph.add("ScatterElements", zeros, where, what, axis=1, reduction="add")
    reached = graph.add("ReduceProd", passed, last, keepdims=1)
    both = graph.constant(np.array([1, 2]))
    value = graph.add("ReduceSum", graph.add("Mul", reached, weights), both, keepdims=0)
    return found, _expected(graph, boxes, count), value


def _passed(graph: Graph, x: str, boxes: Boxes, test: Test) -> str:
    """Whether each row passes the tests of each place, BOOL [n, leaves, places]."""
    low, high = (graph.constant(each) for each in (boxes.low, boxes.high))
    below, above = ("LessOrEqual", "Greater") if test == "<=" else ("Less", "GreaterOrEqual")
    # No number is infinite, but every number passes an interval without an end.
    inside = graph.add("And", graph.add(below, x, high), graph.add(above, x, low))
    ends = graph.constant(np.isinf(boxes.low) & np.isinf(boxes.high))
    gap = graph.add("And", graph.add("IsNaN", x), graph.constant(boxes.missing))
    found = graph.add("Or", graph.add("Or", inside, gap), ends)
    return graph.add("Cast", found, to=BOOL)


def _values(graph: Graph, boxes: Boxes) -> str:
    """Values of the leaves, FP64 [n or 1, leaves, 1]."""
    stored = graph.constant(boxes.values.T[..., None].copy())
    return graph.add("Gather", stored, TARGET) if boxes.values.shape[1] > 1 else stored


def _expected(graph: Graph, boxes: Boxes, count: str) -> str:
    stored = graph.constant(boxes.expected)
    if len(boxes.expected) > 1:
        return graph.add("Gather", stored, TARGET)
    return graph.add("Expand", stored, count)
