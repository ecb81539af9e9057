"""The trees of a served graph, with the training rows that reach each leaf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from training.explain.preorder import Preorder
from training.export.branches import Branches, Ensemble, read
from training.export.trees import Tree

_CHUNK = 2_000_000  # nodes that are looked up at once


def trees_of(nodes: Sequence[NodeProto]) -> tuple[list[Tree], NDArray[np.int64] | None]:
    """The trees of `TreeEnsemble` nodes over pixels, and the class to whose score each adds.

    A row goes left where pixel <= threshold. The classes are None where a tree adds to several; a
    tree of zeros keeps the class that its leaves name.

    Raises:
        ExportError: a node does more than add up leaves.
    """
    ensemble = read(nodes)
    weights = np.zeros((len(ensemble.target), ensemble.n_targets))
    weights[np.arange(len(weights)), ensemble.target] = ensemble.weight
    trees, classes = [], []
    for root in ensemble.roots:
        tree, leaves = _tree(ensemble, int(root), weights)
        trees.append(tree)
        classes.append(np.unique(ensemble.target[leaves]))
    if any(len(own) > 1 for own in classes):
        return trees, None
    return trees, np.array([int(own[0]) for own in classes])


def with_cover(trees: Sequence[Tree], rows: NDArray[np.number[Any]]) -> Preorder:
    """The trees in preorder, covered by rows [n, columns] without gaps that go left if <=."""
    nothing = [np.zeros(len(tree.left)) for tree in trees]
    empty = Preorder.of(trees, nothing)
    cover = np.zeros(len(empty.cover))
    first, chunk = empty.first_leaf, max(1, _CHUNK // len(trees))
    for start in range(0, len(rows), chunk):
        for leaves in _reached(empty, rows[start : start + chunk]):
            np.add.at(cover, first[leaves], 1.0)
    return replace(empty, cover=cover)


def _reached(trees: Preorder, rows: NDArray[np.number[Any]]) -> Iterator[NDArray[np.int64]]:
    """The leaves [trees] that each row reaches."""
    node = np.tile(trees.roots, (len(rows), 1))
    at = np.arange(len(rows))[:, None]
    for _ in range(trees.depth):
        leaf = trees.size[node] == 1
        left = rows[at, trees.feature[node]] <= trees.threshold[node]
        right = node + 1 + trees.size[np.minimum(node + 1, len(trees.size) - 1)]
        node = np.where(leaf, node, np.where(left, node + 1, right))
    yield from node


def _tree(
    ensemble: Ensemble, root: int, weights: NDArray[np.float64]
) -> tuple[Tree, NDArray[np.int64]]:
    """One tree with a node for every leaf, in preorder, and the distinct leaves it has."""
    branches: Branches = ensemble.branches
    child = branches.child
    left: list[int] = []
    right: list[int] = []
    source: list[int] = []  # the branch, or -1 - leaf
    waiting = [(root, -1, False)]
    while waiting:
        reference, parent, is_left = waiting.pop()
        number = len(source)
        source.append(reference)
        left.append(-1)
        right.append(-1)
        if parent >= 0:
            (left if is_left else right)[parent] = number
        if reference >= 0:
            low, high = child[reference]
            waiting += [(int(high), number, False), (int(low), number, True)]
    sources = np.array(source)
    branch, leaf = np.maximum(sources, 0), np.where(sources < 0, -1 - sources, 0)
    values = np.where((sources < 0)[:, None], weights[leaf], 0.0)
    tree = Tree(
        left=np.array(left),
        right=np.array(right),
        feature=np.where(sources >= 0, branches.feature[branch], 0),
        threshold=np.where(sources >= 0, branches.threshold[branch], 0).astype(np.float32),
        values=values,
    )
    return tree, np.unique(leaf[sources < 0])
