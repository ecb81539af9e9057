"""Trees of a fitted model as nodes of a graph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.export.graph import Graph
from training.export.trees import Tree, ensemble_nodes


def sum_nodes(graph: Graph, trees: list[Tree], matrix: str, *, outputs: int, test: Any) -> str:
    """The sum of the trees' leaves, FP32 [n, outputs]."""
    output = graph.name("sum")
    graph.nodes += ensemble_nodes(trees, matrix, output, n_targets=outputs, test=test)
    return output


def mean_nodes(graph: Graph, trees: list[Tree], matrix: str, *, test: Any) -> str:
    """The mean of the trees' leaves, which hold several numbers each, FP32 [n, outputs].

    A leaf of `TreeEnsemble` adds one number to one target. So each tree has a target of its own,
    to which its leaf adds that leaf's row in one table, and the rows are looked up and averaged.
    Row numbers are exact in float32 up to 2**24.
    """
    index, table = leaf_rows(graph, trees, matrix, test=test)
    looked_up = graph.add(
        "Gather", graph.constant(table.astype(np.float32), "leaves"), index, axis=0
    )
    axis = graph.constant(np.array([1], np.int64))
    return graph.add("ReduceMean", looked_up, axis, keepdims=0)


def leaf_rows(
    graph: Graph, trees: list[Tree], matrix: str, *, test: Any
) -> tuple[str, NDArray[np.float64]]:
    """The leaf that each tree reaches, INT64 [n, trees], as a row of a table [leaves, outputs]."""
    numbered, tables, first = [], [], 0
    for i, tree in enumerate(trees):
        leaves = np.flatnonzero(tree.left < 0)
        row = np.zeros((len(tree.left), 1))
        row[leaves, 0] = first + np.arange(len(leaves))
        numbered.append(replace(tree, values=row, first_target=i))
        tables.append(tree.values[leaves])
        first += len(leaves)
    rows = sum_nodes(graph, numbered, matrix, outputs=len(trees), test=test)
    return graph.add("Cast", rows, to=7), np.concatenate(tables).astype(np.float64)


def floor32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 that is not above each value: x <= v alike for every float32 x."""
    nearest = values.astype(np.float32)
    above = nearest.astype(np.float64) > values
    return np.where(above, np.nextafter(nearest, np.float32(-np.inf)), nearest)
