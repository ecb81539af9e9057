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
    """

    left: NDArray[np.integer]
    right: NDArray[np.integer]
    feature: NDArray[np.integer]
    threshold: NDArray[np.floating]
    values: NDArray[np.floating]


class _Ensemble:
    """The flat arrays of one node, grown tree by tree."""

    def __init__(self) -> None:
        self.roots: list[int] = []
        self.feature: list[int] = []
        self.split: list[float] = []
        self.child: dict[str, list[int]] = {"true": [], "false": []}
        self.is_leaf: dict[str, list[int]] = {"true": [], "false": []}
        self.leaves: dict[tuple[int, float], int] = {}

    def add(self, tree: Tree) -> None:
        """Append one tree.

        A leaf of this operator has one target, so a tree with mixed leaves is added once more
        for each further target; the sum is the same.
        """
        targets_per_leaf = np.count_nonzero(tree.values[tree.left < 0], axis=1)
        for rank in range(max(1, int(targets_per_leaf.max(initial=0)))):
            self._add(tree, rank)

    def _add(self, tree: Tree, rank: int) -> None:
        inner = np.flatnonzero(tree.left >= 0).tolist()
        if not inner:  # the operator wants a branch at the root: ask, and answer alike
            self.roots.append(len(self.feature))
            self._branch(0, 0.0, *[(self._leaf(tree.values[0], rank), True)] * 2)
            return
        base = len(self.feature)
        place = {node: base + i for i, node in enumerate(inner)}
        self.roots.append(base)
        for node in inner:
            children = [
                (place[child], False)
                if child in place
                else (self._leaf(tree.values[child], rank), True)
                for child in (int(tree.left[node]), int(tree.right[node]))
            ]
            self._branch(int(tree.feature[node]), float(tree.threshold[node]), *children)

    def _branch(
        self, feature: int, split: float, left: tuple[int, bool], right: tuple[int, bool]
    ) -> None:
        self.feature.append(feature)
        self.split.append(split)
        for branch, (index, leaf) in (("true", right), ("false", left)):
            self.child[branch].append(index)
            self.is_leaf[branch].append(int(leaf))

    def _leaf(self, values: NDArray[np.floating], rank: int) -> int:
        """Index of the leaf that adds the `rank`-th target of `values`, made once."""
        targets = np.flatnonzero(values)
        target = int(targets[rank]) if rank < len(targets) else 0
        weight = float(values[target]) if rank < len(targets) else 0.0
        return self.leaves.setdefault((target, weight), len(self.leaves))


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
    mode, ensembles = _OPPOSITE_MODES[test], _ensembles(trees, limits or NodeLimits())
    several = len(ensembles) > 1
    sums = [f"sum_{i}" for i in range(len(ensembles))] if several else ["sum"]
    shift = np.zeros(n_targets) if base is None else base
    return core_model(
        [
            helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
            *(_node(*pair, n_targets, mode) for pair in zip(ensembles, sums, strict=True)),
            *([helper.make_node("Sum", sums, ["sum"])] if several else []),
            helper.make_node("Mul", ["sum", "scale"], ["scaled"]),
            helper.make_node("Add", ["scaled", "base"], ["scores"]),
        ],
        {"scale": np.float32(scale), "base": shift.astype(np.float32)},
        n_targets,
        [helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
    )


def _ensembles(trees: list[Tree], limits: NodeLimits) -> list[_Ensemble]:
    """The trees, as many groups for each node as fit."""
    ensembles = [_Ensemble()]
    for group in _groups(trees):
        branches = sum(int(np.count_nonzero(tree.left >= 0)) for tree in group)
        n_trees = len(ensembles[-1].roots) + len(group)
        n_branches = len(ensembles[-1].feature) + branches
        full = n_trees > limits.trees or n_branches > limits.branches
        if ensembles[-1].roots and full:
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
        groups.setdefault(int(own.max(initial=0)), []).append(tree)
    return [group for _, group in sorted(groups.items())]


def _node(ensemble: _Ensemble, output: str, n_targets: int, mode: int) -> NodeProto:
    """The operator that adds up an ensemble's leaves for `flat`."""
    return helper.make_node(
        "TreeEnsemble",
        ["flat"],
        [output],
        name=output.replace("sum", "trees"),
        domain="ai.onnx.ml",
        aggregate_function=1,  # SUM
        post_transform=0,  # NONE
        n_targets=n_targets,
        tree_roots=ensemble.roots,
        nodes_featureids=ensemble.feature,
        nodes_modes=_tensor(np.full(len(ensemble.feature), mode, np.uint8)),
        nodes_splits=_tensor(np.array(ensemble.split, np.float32)),
        nodes_truenodeids=ensemble.child["true"],
        nodes_falsenodeids=ensemble.child["false"],
        nodes_trueleafs=ensemble.is_leaf["true"],
        nodes_falseleafs=ensemble.is_leaf["false"],
        leaf_targetids=[target for target, _ in ensemble.leaves],
        leaf_weights=_tensor(np.array([weight for _, weight in ensemble.leaves], np.float32)),
    )


def _tensor(array: NDArray[np.generic]) -> TensorProto:
    return numpy_helper.from_array(array)
