"""Decision trees as one ONNX `TreeEnsemble` node (ai.onnx.ml, opset 5).

The usual converters write a row of class weights for every leaf: 93 MB for a forest of a hundred
full trees on MNIST. Version 5 of the operator lets a branch point at any leaf, so equal leaves
are stored once; a full tree has as many different leaves as there are classes. Together with
packed integers the same forest takes 6 MB and answers the same (docs/decisions/0002).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.export.envelope import ML_OPSET, core_model

# TreeEnsemble's nodes_modes (ONNX ML operators, TreeEnsemble-5).
_MODES = {"<=": 0, "<": 1}


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
    """The flat arrays of the operator, grown tree by tree."""

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
        self, feature: int, split: float, true: tuple[int, bool], false: tuple[int, bool]
    ) -> None:
        self.feature.append(feature)
        self.split.append(split)
        for branch, (index, leaf) in (("true", true), ("false", false)):
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
) -> onnx.ModelProto:
    """A core graph whose scores are `scale` times the sum of the trees' leaves, plus `base`.

    Leaves are summed before they are scaled: a vote counts as exactly 1.0, so that equal counts
    stay equal in float32 and ties break as they do in the fitted model.
    """
    ensemble = _Ensemble()
    for tree in trees:
        ensemble.add(tree)
    n = len(ensemble.feature)
    node = helper.make_node(
        "TreeEnsemble",
        ["flat"],
        ["sum"],
        name="trees",
        domain="ai.onnx.ml",
        aggregate_function=1,  # SUM
        post_transform=0,  # NONE
        n_targets=n_targets,
        tree_roots=ensemble.roots,
        nodes_featureids=ensemble.feature,
        nodes_modes=_tensor(np.full(n, _MODES[test], np.uint8)),
        nodes_splits=_tensor(np.array(ensemble.split, np.float32)),
        nodes_truenodeids=ensemble.child["true"],
        nodes_falsenodeids=ensemble.child["false"],
        nodes_trueleafs=ensemble.is_leaf["true"],
        nodes_falseleafs=ensemble.is_leaf["false"],
        leaf_targetids=[target for target, _ in ensemble.leaves],
        leaf_weights=_tensor(np.array([weight for _, weight in ensemble.leaves], np.float32)),
    )
    shift = np.zeros(n_targets) if base is None else base
    return core_model(
        [
            helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
            node,
            helper.make_node("Mul", ["sum", "scale"], ["scaled"]),
            helper.make_node("Add", ["scaled", "base"], ["scores"]),
        ],
        {"scale": np.float32(scale), "base": shift.astype(np.float32)},
        n_targets,
        [helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
    )


def _tensor(array: NDArray[np.generic]) -> TensorProto:
    return numpy_helper.from_array(array)
