"""The network of `network.py` as nodes of a graph."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.fit.candidate import Data
from training.fit.graph import Graph
from training.fit.tables.candidates.pieces import Pieces
from training.fit.tables.encoding import Encoding
from training.fit.tables.inputs import Features

Weights = Mapping[str, NDArray[np.float32]]


def write_network(
    graph: Graph,
    features: Features,
    encoding: Encoding,
    pieces: Pieces,
    weights: Weights,
    data: Data,
) -> str:
    """Nodes of the network; the scores [n, outputs].

    Args:
        weights: of `network.Network`, by their names there.
    """
    parts = []
    if len(pieces.place):
        parts += _dense(graph, features.numbers(), pieces)
    if len(pieces.offsets):
        parts.append(_vectors(graph, features.codes(encoding), pieces, weights))
    x = graph.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    if "adapters" in weights:
        first = graph.constant(np.array([0], np.int64))
        x = graph.add("Unsqueeze", x, first)
        x = graph.add("Mul", x, graph.constant(weights["adapters"][:, None]))
    for layer in ("first", "second"):
        x = graph.add("MatMul", x, graph.constant(weights[f"{layer}.weight"].T))
        x = graph.add("Relu", graph.add("Add", x, graph.constant(weights[f"{layer}.bias"])))
    if "adapters" in weights:
        head, bias = weights["head"], weights["bias"]
    else:
        head, bias = weights["head"][0], weights["bias"][0]
    scores = graph.add("Add", graph.add("MatMul", x, graph.constant(head)), graph.constant(bias))
    return _mean(graph, scores, data, members="adapters" in weights)


def _dense(graph: Graph, numbers: str, pieces: Pieces) -> list[str]:
    missing = graph.add("IsNaN", numbers)
    filled = graph.add("Where", missing, graph.constant(pieces.median), numbers)
    each = graph.add("Gather", filled, graph.constant(pieces.place), axis=1)
    shifted = graph.add("Sub", each, graph.constant(pieces.low))
    scaled = graph.add("Mul", shifted, graph.constant(pieces.scale))
    zero, one = graph.constant(np.float32(0)), graph.constant(np.float32(1))
    found = [graph.add("Clip", scaled, zero, one)]
    if len(pieces.gaps):
        picked = graph.add("Gather", missing, graph.constant(pieces.gaps), axis=1)
        found.append(graph.add("Cast", picked, to=1))
    return found


def _vectors(graph: Graph, codes: str, pieces: Pieces, weights: Weights) -> str:
    place = graph.add("Add", codes, graph.constant(pieces.offsets))
    looked_up = graph.add("Gather", graph.constant(weights["vectors.weight"]), place, axis=0)
    return graph.add("Flatten", looked_up, axis=1)


def _mean(graph: Graph, scores: str, data: Data, *, members: bool) -> str:
    """The members' mean: log of the probability, or the value."""
    answers = graph.add("Softmax", scores, axis=-1) if data.n_classes else scores
    if members:
        axis = graph.constant(np.array([0], np.int64))
        answers = graph.add("ReduceMean", answers, axis, keepdims=0)
    if not data.n_classes:
        return answers
    least = graph.constant(np.float32(1e-7))
    return graph.add("Log", graph.add("Max", answers, least))
