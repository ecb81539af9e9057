"""The curves of an additive model equal the boosted trees that they are made of."""

from __future__ import annotations

import numpy as np

from training.export.trees import Tree
from training.fit.tables.candidates.curves import Curve, leaves_of

EDGES = np.array([10.0, 20.0, 30.0], np.float32)


def tree() -> Tree:
    """bin < 2: (bin < 1: 1 else 2, a gap goes right); else 4; a gap goes left at the root."""
    return Tree(
        left=np.array([1, 3, -1, -1, -1]),
        right=np.array([2, 4, -1, -1, -1]),
        feature=np.array([0, 0, 0, 0, 0]),
        threshold=np.array([2.0, 1.0, 0, 0, 0], np.float32),
        values=np.array([[0.0], [0], [4], [1], [2]]),
        missing_left=np.array([True, False, True, True, True]),
    )


def test_leaves_are_boxes_of_bins() -> None:
    boxes = {
        float(leaf.values[0]): (leaf.low, leaf.high, leaf.missing) for leaf in leaves_of(tree())
    }
    assert boxes[1.0] == ((0,), (1,), (False,))
    assert boxes[2.0] == ((1,), (2,), (True,))
    assert boxes[4.0][0] == (2,)
    assert boxes[4.0][2] == (False,)


def test_a_curve_sums_the_leaves_of_its_column() -> None:
    curve = Curve.empty((0,), (EDGES,), 1)
    for leaf in leaves_of(tree()):
        curve.add(leaf, 0.5)
    # Four bins and the gap.
    assert curve.table[:, 0].tolist() == [0.5, 1.0, 2.0, 2.0, 1.0]


def test_a_pair_is_a_table_of_both_columns() -> None:
    pair = Tree(
        left=np.array([1, -1, 3, -1, -1]),
        right=np.array([2, -1, 4, -1, -1]),
        feature=np.array([0, 0, 1, 0, 0]),
        threshold=np.array([1.0, 0, 1.0, 0, 0], np.float32),
        values=np.array([[0.0], [7], [0], [1], [2]]),
        missing_left=np.array([True, True, False, True, True]),
    )
    found: dict[tuple[int, ...], Curve] = {}
    for leaf in leaves_of(pair):
        edges = (EDGES[:1],) * len(leaf.columns)
        found.setdefault(leaf.columns, Curve.empty(leaf.columns, edges, 1)).add(leaf, 1.0)
    assert found[(0,)].table[:, 0].tolist() == [7, 0, 7]  # two bins and the gap
    both = found[(0, 1)].table[..., 0]
    assert both.tolist() == [[0, 0, 0], [1, 2, 2], [0, 0, 0]]
