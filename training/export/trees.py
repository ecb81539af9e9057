"""Decision trees as ONNX `TreeEnsemble` nodes (ai.onnx.ml, opset 5).

The usual converters write a row of class weights for every leaf: 93 MB for a forest of a hundred
full trees on MNIST. Version 5 of the operator lets a branch point at any leaf, so equal leaves
are stored once; a full tree has as many different leaves as there are classes. Together with
packed integers the same forest takes 6 MB and answers the same (docs/decisions/0002).

Two choices suit ONNX Runtime's kernel (docs/decisions/0024). It places the child of a failed test
right behind its parent, and most pixels are dark, so a branch asks whether the pixel is greater:
the usual way then leads through adjacent memory. And while it builds a node, it takes some 420
bytes per branch and reads all branches once for each tree, so a large ensemble is spread over
several nodes, which are built one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from training.export.envelope import ML_OPSET, core_model

# The opposite of each test, as TreeEnsemble's nodes_modes (ONNX ML operators, TreeEnsemble-5).
_OPPOSITE_MODES = {"<=": 3, "<": 2}  # > and >=


@dataclass(frozen=True)
class NodeLimits:
    """Most branches and trees of one node; a group of trees that must stay together may exceed it.

    ONNX Runtime takes 55 MB to build a node of so many branches, and up to 0.1 s.
    """

    branches: int = 2**17
    trees: int = 600


@dataclass(frozen=True)
class Tree:
    """One binary tree as parallel arrays over its nodes; node 0 is the root.

    left, right: int [n], the children; negative at a leaf. Left is taken where the test holds.
    feature: int [n], the pixel tested. threshold: float [n].
    values: float [n, targets], what a leaf adds to the scores; ignored at inner nodes.
    missing_left: bool [n], whether NaN goes left; None if there is none.
    first_target: the score that the first column of `values` adds to.
    """

    left: NDArray[np.integer]
    right: NDArray[np.integer]
    feature: NDArray[np.integer]
    threshold: NDArray[np.floating]
    values: NDArray[np.floating]
    missing_left: NDArray[np.bool_] | None = None
    first_target: int = 0


class _Ensemble:
    """The flat arrays of one node, collected tree by tree."""

    def __init__(self) -> None:
        self.trees: list[_Flat] = []
        self.branches = 0

    def add(self, tree: Tree) -> None:
        """Append one tree.

        A leaf of this operator has one target, so a tree with mixed leaves is added once more
        for each further target; the sum is the same.
        """
        targets_per_leaf = np.count_nonzero(tree.values[tree.left < 0], axis=1)
        for rank in range(max(1, int(targets_per_leaf.max(initial=0)))):
            flat = _flatten(tree, rank)
            self.trees.append(flat)
            self.branches += len(flat.feature)


@dataclass(frozen=True)
class _Flat:
    """One tree's branches and leaves. A child is a branch's number, or -1 - leaf for a leaf.

    feature, split, missing_right: [branches]. right, left: int [branches].
    target, weight: what each leaf adds to which score, [leaves].
    """

    feature: NDArray[np.int64]
    split: NDArray[np.float32]
    missing_right: NDArray[np.bool_]
    right: NDArray[np.int64]
    left: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float32]


def _flatten(tree: Tree, rank: int) -> _Flat:
    """The tree with the `rank`-th target of each leaf."""
    target, weight = _ranked(tree.values[tree.left < 0], rank)
    target = target + tree.first_target
    inner = tree.left >= 0
    if not inner.any():  # the operator wants a branch at the root: ask, and answer alike
        zero, leaf = np.zeros(1, np.int64), np.full(1, -1)
        return _Flat(
            zero, np.zeros(1, np.float32), np.zeros(1, bool), leaf, leaf, target[:1], weight[:1]
        )
    leaves = np.cumsum(np.logical_not(inner))
    reference = np.where(inner, np.cumsum(inner) - 1, -leaves)
    missing_left = tree.missing_left
    return _Flat(
        feature=np.asarray(tree.feature[inner], np.int64),
        split=tree.threshold[inner].astype(np.float32),
        missing_right=np.zeros(int(inner.sum()), bool)
        if missing_left is None
        else np.logical_not(missing_left[inner]),
        right=reference[tree.right[inner]],
        left=reference[tree.left[inner]],
        target=target,
        weight=weight,
    )


def _ranked(
    values: NDArray[np.floating], rank: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Target and weight of the `rank`-th nonzero value of each leaf; 0 and 0.0 without one."""
    nonzero = values != 0
    chosen = nonzero & (np.cumsum(nonzero, axis=1) == rank + 1)
    target = np.where(chosen.any(axis=1), chosen.argmax(axis=1), 0)
    weight = np.where(chosen.any(axis=1), values[np.arange(len(values)), target], 0.0)
    return target, weight.astype(np.float32)


def ensemble_graph(
    trees: list[Tree],
    *,
    n_targets: int,
    test: Literal["<=", "<"] = "<=",
    scale: float = 1.0,
    base: NDArray[np.floating] | None = None,
    limits: NodeLimits | None = None,
) -> onnx.ModelProto:
    """A core graph whose scores are `scale` times the sum of the trees' leaves, plus `base`.

    Leaves are summed before they are scaled: a vote counts as exactly 1.0, so that equal counts
    stay equal in float32 and ties break as they do in the fitted model.

    Args:
        trees: their thresholds and pixels are never NaN.
        test: sends a pixel to the left child where it holds.
        limits: of the nodes that the trees are spread over.
    """
    shift = np.zeros(n_targets) if base is None else base
    return core_model(
        [
            helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
            *ensemble_nodes(trees, "flat", "sum", n_targets=n_targets, test=test, limits=limits),
            helper.make_node("Mul", ["sum", "scale"], ["scaled"]),
            helper.make_node("Add", ["scaled", "base"], ["scores"]),
        ],
        {"scale": np.float32(scale), "base": shift.astype(np.float32)},
        n_targets,
        [helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
    )


def ensemble_nodes(
    trees: list[Tree],
    features: str,
    output: str,
    *,
    n_targets: int,
    test: Literal["<=", "<"] = "<=",
    limits: NodeLimits | None = None,
) -> list[NodeProto]:
    """The nodes that sum the trees' leaves.

    Args:
        features: the tensor they read, FP32 [n, features].
        output: the tensor they write, FP32 [n, n_targets]; its name ends the names of others.
    """
    mode, ensembles = _OPPOSITE_MODES[test], _ensembles(trees, limits or NodeLimits())
    if len(ensembles) == 1:
        return [_node(ensembles[0], output, n_targets, mode, features)]
    parts = [f"{output}_{i}" for i in range(len(ensembles))]
    nodes = [
        _node(ensemble, part, n_targets, mode, features)
        for ensemble, part in zip(ensembles, parts, strict=True)
    ]
    return [*nodes, helper.make_node("Sum", parts, [output])]


def _ensembles(trees: list[Tree], limits: NodeLimits) -> list[_Ensemble]:
    """The trees, as many groups for each node as fit."""
    ensembles = [_Ensemble()]
    for group in _groups(trees):
        branches = sum(int(np.count_nonzero(tree.left >= 0)) for tree in group)
        n_trees = len(ensembles[-1].trees) + len(group)
        n_branches = ensembles[-1].branches + branches
        full = n_trees > limits.trees or n_branches > limits.branches
        if ensembles[-1].trees and full:
            ensembles.append(_Ensemble())
        for tree in group:
            ensembles[-1].add(tree)
    return ensembles


def _groups(trees: list[Tree]) -> list[list[Tree]]:
    """Trees that stay in one node: all that add to the same score, as boosting grows them.

    The node adds them up one after the other, so the sum is rounded as if there were one node.
    Votes, whose trees add to several scores, are whole numbers, and their sums are exact.
    """
    targets = [np.flatnonzero(tree.values[tree.left < 0].any(axis=0)) for tree in trees]
    if any(len(own) > 1 for own in targets):
        return [[tree] for tree in trees]
    groups: dict[int, list[Tree]] = {}
    for tree, own in zip(trees, targets, strict=True):
        groups.setdefault(tree.first_target + int(own.max(initial=0)), []).append(tree)
    return [group for _, group in sorted(groups.items())]


def _node(
    ensemble: _Ensemble, output: str, n_targets: int, mode: int, features: str = "flat"
) -> NodeProto:
    """The operator that adds up an ensemble's leaves for `flat`."""
    trees = ensemble.trees
    first_branch = np.cumsum([0, *(len(tree.feature) for tree in trees)])
    first_leaf = np.cumsum([0, *(len(tree.weight) for tree in trees)])
    target = np.concatenate([tree.target for tree in trees])
    weight = np.concatenate([tree.weight for tree in trees])
    leaves, place = _distinct(target, weight)
    children = {}
    for side in ("right", "left"):
        child = [getattr(tree, side) for tree in trees]
        is_leaf = np.concatenate(child) < 0
        branch = np.concatenate([c + at for c, at in zip(child, first_branch, strict=False)])
        leaf = np.concatenate([at - 1 - c for c, at in zip(child, first_leaf, strict=False)])
        at_leaf = place[np.where(is_leaf, leaf, 0)]
        children[side] = (np.where(is_leaf, at_leaf, branch), is_leaf.astype(np.int64))
    missing_right = np.concatenate([tree.missing_right for tree in trees])
    missing = (
        {"nodes_missing_value_tracks_true": missing_right.astype(np.int64).tolist()}
        if missing_right.any()
        else {}
    )
    return helper.make_node(
        "TreeEnsemble",
        [features],
        [output],
        name=output.replace("sum", "trees"),
        domain="ai.onnx.ml",
        aggregate_function=1,  # SUM
        post_transform=0,  # NONE
        n_targets=n_targets,
        tree_roots=first_branch[:-1].tolist(),
        nodes_featureids=np.concatenate([tree.feature for tree in trees]).tolist(),
        nodes_modes=_tensor(np.full(len(missing_right), mode, np.uint8)),
        nodes_splits=_tensor(np.concatenate([tree.split for tree in trees])),
        nodes_truenodeids=children["right"][0].tolist(),
        nodes_falsenodeids=children["left"][0].tolist(),
        nodes_trueleafs=children["right"][1].tolist(),
        nodes_falseleafs=children["left"][1].tolist(),
        leaf_targetids=target[leaves].tolist(),
        leaf_weights=_tensor(weight[leaves]),
        **missing,
    )


def _distinct(
    target: NDArray[np.int64], weight: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """One leaf of each kind, in the order of first occurrence, and which of them each leaf is."""
    key = target << 32 | weight.view(np.uint32).astype(np.int64)
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[place]


def _tensor(array: NDArray[np.generic]) -> TensorProto:
    return numpy_helper.from_array(array)
