"""Trees whose nodes stand in preorder: a node, its left subtree, its right subtree.

A subtree is then a range of nodes and its leaves are a range of leaves, so one number per node, the
size of its subtree, says where both children are, and the mean of the leaves below a node is the
difference of two cumulative sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.export.trees import Tree

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Preorder:
    """Trees one after the other, their nodes numbered through.

    Attributes:
        feature: int64 [nodes]; 0 at a leaf. threshold: float32 [nodes]. missing_left: bool [nodes].
        size: int64 [nodes], nodes of the subtree; 1 at a leaf.
        roots: int64 [trees].
        values: float64 [leaves, targets]. cover: float64 [leaves], weight of the training rows that
            reach each leaf.
        depth: most splits on a path.
    """

    feature: Ints
    threshold: NDArray[np.float32]
    missing_left: NDArray[np.bool_]
    size: Ints
    roots: Ints
    values: NDArray[np.float64]
    cover: NDArray[np.float64]
    depth: int

    @classmethod
    def of(cls, trees: Sequence[Tree], covers: Sequence[NDArray[np.floating]]) -> Preorder:
        """Trees with the cover of each of their nodes, [nodes]; only that of leaves is read."""
        parts, depth = [], 0
        for tree in trees:
            order, size, deepest = _preorder(tree)
            parts.append((tree, order, size))
            depth = max(depth, deepest)
        leaves = [order[size == 1] for _, order, size in parts]
        sizes = [len(order) for _, order, _ in parts]
        return cls(
            feature=np.concatenate(
                [np.where(size == 1, 0, tree.feature[order]) for tree, order, size in parts]
            ),
            threshold=np.concatenate([tree.threshold[order] for tree, order, _ in parts]).astype(
                np.float32
            ),
            missing_left=np.concatenate(
                [
                    np.zeros(len(order), bool)
                    if tree.missing_left is None
                    else tree.missing_left[order]
                    for tree, order, _ in parts
                ]
            ),
            size=np.concatenate([size for _, _, size in parts]),
            roots=np.cumsum([0, *sizes[:-1]]),
            values=np.concatenate(
                [tree.values[own] for (tree, _, _), own in zip(parts, leaves, strict=True)]
            ).astype(np.float64),
            cover=np.concatenate(
                [cover[own] for cover, own in zip(covers, leaves, strict=True)]
            ).astype(np.float64),
            depth=depth,
        )

    @property
    def first_leaf(self) -> Ints:
        """Leaves before each node, [nodes]: the first leaf of its subtree."""
        is_leaf = self.size == 1
        found: Ints = np.cumsum(is_leaf) - is_leaf
        return found

    def node_values(self) -> NDArray[np.float64]:
        """The mean of the leaves below each node, weighted by cover, [nodes, targets]."""
        weighted = np.concatenate(
            [np.zeros((1, self.values.shape[1])), np.cumsum(self.values * self.cover[:, None], 0)]
        )
        cover = np.concatenate([[0.0], np.cumsum(self.cover)])
        first = self.first_leaf
        end = first + (self.size + 1) // 2
        below = cover[end] - cover[first]
        found: NDArray[np.float64] = (weighted[end] - weighted[first]) / np.where(
            below > 0, below, 1.0
        )[:, None]
        leaf = self.size == 1
        found[leaf] = self.values[first[leaf]]  # exact, and also where no row has been
        return found


def _preorder(tree: Tree) -> tuple[Ints, Ints, int]:
    """The nodes in preorder, the sizes of their subtrees, and the depth."""
    left, right = tree.left.tolist(), tree.right.tolist()
    order: list[int] = []
    levels: list[int] = []
    waiting = [(0, 0)]
    while waiting:
        node, level = waiting.pop()
        order.append(node)
        levels.append(level)
        if left[node] >= 0:
            waiting += [(right[node], level + 1), (left[node], level + 1)]
    size = np.ones(len(order), np.int64)
    # In preorder a subtree ends before the next node that is no deeper than its root.
    ends: list[tuple[int, int]] = []
    for i in range(len(order) - 1, -1, -1):
        while ends and ends[-1][0] > levels[i]:
            ends.pop()
        size[i] = (ends[-1][1] if ends else len(order)) - i
        ends.append((levels[i], i))
    return np.array(order), size, max(levels)
