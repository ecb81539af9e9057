"""`TreeEnsemble` nodes read back: the branches and leaves of all their trees together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

from training.errors import ExportError

BLACKEST = 255  # the largest value of a pixel
_SUM, _NONE = 1, 0
_LESS, _GREATER_OR_EQUAL, _GREATER = 1, 2, 3  # nodes_modes; 0 is less or equal
_PLAIN = frozenset(
    {"aggregate_function", "post_transform", "n_targets", "tree_roots", "nodes_featureids",
     "nodes_modes", "nodes_splits", "nodes_truenodeids", "nodes_falsenodeids", "nodes_trueleafs",
     "nodes_falseleafs", "leaf_targetids", "leaf_weights"}
)  # fmt: skip

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Branches:
    """The inner nodes of all trees. A reference is a branch's number, or -1 - leaf for a leaf.

    feature, threshold: int [branches]. child: int [branches, 2], references, left first.
    """

    feature: Ints
    threshold: Ints
    child: Ints

    def settle(self, references: Ints) -> Ints:
        """Pass by branches that send every byte the same way."""
        while True:
            at = np.maximum(references, 0)
            right = (references >= 0) & (self.threshold[at] < 0)
            left = (references >= 0) & (self.threshold[at] >= BLACKEST)
            if not (left | right).any():
                return references
            references = np.where(left | right, self.child[at, right.astype(int)], references)


@dataclass(frozen=True)
class Ensemble:
    """What nodes that are added up hold together.

    Attributes:
        roots: the branch at the root, per tree.
        target, weight: which score a leaf adds to and what, per distinct leaf.
        n_targets: number of scores.
    """

    branches: Branches
    roots: Ints
    target: Ints
    weight: NDArray[np.float32]
    n_targets: int


def read(nodes: Sequence[NodeProto]) -> Ensemble:
    """The trees of `TreeEnsemble` nodes (ai.onnx.ml, opset 5), in order; equal leaves once.

    Raises:
        ExportError: a node does more than add up the leaves of comparisons with thresholds.
    """
    leaves: dict[tuple[int, float], int] = {}
    branches: list[Branches] = []
    roots: list[Ints] = []
    count, n_targets = 0, 0
    for node in nodes:
        given = _attributes(node)
        own = zip(given["leaf_targetids"].tolist(), given["leaf_weights"].tolist(), strict=True)
        place = np.array([leaves.setdefault(leaf, len(leaves)) for leaf in own])
        branches.append(_branches(given, count, place))
        roots.append(given["tree_roots"] + count)
        count += len(given["nodes_splits"])
        n_targets = int(given["n_targets"])
    return Ensemble(
        branches=Branches(
            np.concatenate([part.feature for part in branches]),
            np.concatenate([part.threshold for part in branches]),
            np.concatenate([part.child for part in branches]),
        ),
        roots=np.concatenate(roots),
        target=np.array([target for target, _ in leaves]),
        weight=np.array([weight for _, weight in leaves], np.float32),
        n_targets=n_targets,
    )


def _branches(given: dict[str, Any], base: int, place: Ints) -> Branches:
    """One node's branches, numbered from `base`; `place` has the number of each of its leaves."""
    modes, splits = given["nodes_modes"], given["nodes_splits"].astype(np.float64)
    true, false = (_references(given, side, base, place) for side in ("true", "false"))
    # Left is where the pixel is less: there a test of > or >= fails.
    greater = modes >= _GREATER_OR_EQUAL
    left, right = np.where(greater, false, true), np.where(greater, true, false)
    # A whole number is <= t where it is <= floor(t), and < t where it is <= ceil(t) - 1.
    strictly = (modes == _LESS) | (modes == _GREATER_OR_EQUAL)
    whole = np.where(strictly, np.ceil(splits) - 1, np.floor(splits))
    threshold = np.clip(whole, -1, BLACKEST).astype(np.int64)
    return Branches(given["nodes_featureids"], threshold, np.stack([left, right], axis=1))


def _references(given: dict[str, Any], side: str, base: int, place: Ints) -> Ints:
    index, is_leaf = given[f"nodes_{side}nodeids"], given[f"nodes_{side}leafs"] > 0
    return np.where(is_leaf, -1 - place[np.where(is_leaf, index, 0)], base + index)


def _attributes(node: NodeProto) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if attribute.HasField("t"):
            value = numpy_helper.to_array(value)
        given[attribute.name] = np.asarray(value)
    if unknown := sorted(given.keys() - _PLAIN):
        raise ExportError(f"a tree ensemble with {unknown[0]} cannot be rewritten as tensors")
    if (
        given.get("aggregate_function", _SUM) != _SUM
        or given.get("post_transform", _NONE) != _NONE
        or given["nodes_modes"].max() > _GREATER
    ):
        raise ExportError(
            "only sums of leaves of <, <=, > and >= tests can be rewritten as tensors"
        )
    return given
