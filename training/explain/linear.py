"""Contributions of a linear score: weight times pixel, exact; nothing of a black pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contract.explanations import TARGET
from training.explain.answers import double
from training.export.graph import Graph


def write_linear(
    graph: Graph, matrix: str, weights: NDArray[np.floating], bias: NDArray[np.floating]
) -> tuple[str, str, str]:
    """Nodes from `matrix` FP32 [n, pixels] and `target`.

    Args:
        weights: [pixels, classes]. bias: [classes].

    Returns:
        names of the contributions FP64 [n, pixels], the base and the score, FP64 [n].
    """
    rows = double(graph, matrix)
    own = graph.add("Gather", graph.constant(weights.T.astype(np.float64)), TARGET)
    base = graph.add("Gather", graph.constant(bias.astype(np.float64)), TARGET)
    # The score by itself, as the model computes it: all classes, then the one that is asked for.
    scores = graph.add("MatMul", rows, graph.constant(weights.astype(np.float64)))
    column = graph.add("Unsqueeze", TARGET, graph.constant(np.array([1])))
    picked = graph.add("GatherElements", scores, column, axis=1)
    product = graph.add("Squeeze", picked, graph.constant(np.array([1])))
    return graph.add("Mul", rows, own), base, graph.add("Add", product, base)
