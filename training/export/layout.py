"""The trees of `TreeEnsemble` nodes as flat arrays in the order in which a walk wants them.

Siblings stand side by side, so one number points at both; the nodes of a tree stand together,
level by level, so the distance from a node to its children is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from training.export.branches import BLACKEST, Branches, Ints, read


@dataclass(frozen=True)
class Forest:
    """Trees over pixels, bytes. A walk goes right where the pixel exceeds the threshold.

    The roots have arrays of their own, one element per tree; a tree that is one leaf has it
    twice below its root. All other nodes are numbered through.

    Attributes:
        root_feature, root_threshold, root_left: pixel, byte and left child's number, per tree.
        feature, threshold: pixel and byte per node; 0 and 255 at a leaf, which nothing exceeds.
        step: from a node's number to its left child's, per node; 0 at a leaf.
        leaf: index into `target` and `weight`, per node; 0 at a branch.
        target, weight: which score a leaf adds to and what, per distinct leaf.
        n_targets: number of scores.
        depth: levels below the roots.
        grouped: each tree adds to one target only, and the trees are ordered by target, filled
            up with leaves of weight zero to the same number for each.
    """

    root_feature: Ints
    root_threshold: Ints
    root_left: Ints
    feature: Ints
    threshold: Ints
    step: Ints
    leaf: Ints
    target: Ints
    weight: NDArray[np.float32]
    n_targets: int
    depth: int
    grouped: bool


def lay_out(nodes: Sequence[NodeProto]) -> Forest:
    """The forest whose sum is that of these `TreeEnsemble` nodes (ai.onnx.ml, opset 5).

    Raises:
        ExportError: one does more than add up the leaves of comparisons with thresholds.
    """
    ensemble = read(nodes)
    branches, roots, n_targets = ensemble.branches, ensemble.roots, ensemble.n_targets
    nothing = -1 - len(ensemble.target)  # one leaf more, for filling up
    target = np.append(ensemble.target, 0)
    weight = np.append(ensemble.weight, np.float32(0))
    forest = _number(branches, roots, target, weight, n_targets, grouped=False)
    own = _target_per_tree(forest)
    if own is None:
        return forest
    members = [roots[own == k] for k in range(n_targets)]
    each = max(map(len, members))
    filled = [np.pad(m, (0, each - len(m)), constant_values=nothing) for m in members]
    return _number(branches, np.concatenate(filled), target, weight, n_targets, grouped=True)


def _number(
    branches: Branches,
    roots: Ints,
    target: Ints,
    weight: NDArray[np.float32],
    n_targets: int,
    *,
    grouped: bool,
) -> Forest:
    """Number the nodes level by level over all trees, then bring each tree's together."""
    roots = branches.settle(roots)
    at, inner = np.maximum(roots, 0), roots >= 0
    root_feature = np.where(inner, branches.feature[at], 0)
    root_threshold = np.where(inner, branches.threshold[at], BLACKEST)
    pairs = np.where(inner[:, None], branches.child[at], roots[:, None])
    tree, levels, trees, lefts, count = np.arange(len(roots)), [], [], [], 0
    while len(pairs):
        level = branches.settle(pairs.ravel())
        tree = np.repeat(tree, 2)
        inner = level >= 0
        numbers = count + np.arange(len(level))
        count += len(level)
        lefts.append(np.where(inner, count + 2 * (np.cumsum(inner) - 1), numbers))
        levels.append(level)
        trees.append(tree)
        pairs, tree = branches.child[level[inner]], tree[inner]
    order = np.argsort(np.concatenate(trees), kind="stable")  # siblings stay side by side
    place = np.empty_like(order)
    place[order] = np.arange(count)
    nodes = np.concatenate(levels)[order]
    at, inner = np.maximum(nodes, 0), nodes >= 0
    return Forest(
        root_feature=root_feature,
        root_threshold=root_threshold,
        root_left=place[2 * np.arange(len(roots))],
        feature=np.where(inner, branches.feature[at], 0),
        threshold=np.where(inner, branches.threshold[at], BLACKEST),
        step=place[np.concatenate(lefts)[order]] - np.arange(count),
        leaf=np.where(inner, 0, -1 - nodes),
        target=target,
        weight=weight,
        n_targets=n_targets,
        depth=len(levels),
        grouped=grouped,
    )


def _target_per_tree(forest: Forest) -> Ints | None:
    """The one target that each tree's leaves add to, or None where a tree has several."""
    sizes = np.diff(np.append(forest.root_left, len(forest.feature)))
    tree = np.repeat(np.arange(len(sizes)), sizes)
    weighs = (forest.step == 0) & (forest.weight[forest.leaf] != 0)
    tree, target = tree[weighs], forest.target[forest.leaf[weighs]]
    least = np.full(len(sizes), forest.n_targets)
    most = np.full(len(sizes), -1)
    np.minimum.at(least, tree, target)
    np.maximum.at(most, tree, target)
    return np.maximum(most, 0) if (least >= most).all() else None
