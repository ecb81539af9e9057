"""Explainers of candidates that are made of trees."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from contract.explanations import Explained
from training.explain.answers import Scale
from training.explain.paths import Test, groups_of, write_paths
from training.explain.preorder import Preorder
from training.explain.tree_shap import (
    MOST_CELLS,
    MOST_DEPTH,
    Boxes,
    depth_of,
    write_tree_shap,
)
from training.export.graph import Graph
from training.export.trees import Tree
from training.fit.candidate import Explainer, Reference
from training.fit.tables.encoding import Encoding
from training.fit.tables.inputs import Features

# A graph of paths holds a number for each node and class; of larger forests only sampling explains,
# since the graph would be as large as the model.
MOST_STORED = 500_000


def explainers_of(
    trees: list[Tree],
    covers: list[NDArray[np.float64]],
    scale: Scale,
    explains: Explained,
    test: Test,
    encoding: Encoding,
    *,
    classes: NDArray[np.int64] | None = None,
    references: Mapping[str, Reference] | None = None,
) -> tuple[Explainer, ...]:
    """Shapley values where the trees are shallow enough, and contributions along the paths.

    Args:
        covers: of each node, per tree. classes: of each tree, where it adds to one class only.
        references: other libraries by method.
    """
    known, found = references or {}, []
    depth, leaves = depth_of(trees), sum(int((tree.left < 0).sum()) for tree in trees)
    if depth <= MOST_DEPTH and leaves * max(1, depth) <= MOST_CELLS:
        boxes = Boxes.of(trees, covers)
        found.append(
            Explainer(
                "tree_shap", explains,
                lambda graph, features: write_tree_shap(
                    graph, _matrix(graph, features, encoding), boxes, test
                ),
                scale, known.get("tree_shap"),
            )
        )  # fmt: skip
    if sum(len(tree.left) for tree in trees) * trees[0].values.shape[1] <= MOST_STORED:
        preorder = Preorder.of(trees, covers)
        groups = groups_of(preorder, classes)
        found.append(
            Explainer(
                "path", explains,
                lambda graph, features: write_paths(
                    graph, _matrix(graph, features, encoding), preorder, groups, test
                ),
                scale, known.get("path"),
            )
        )  # fmt: skip
    return tuple(found)


def _matrix(graph: Graph, features: Features, encoding: Encoding) -> str:
    return features.matrix(encoding)
