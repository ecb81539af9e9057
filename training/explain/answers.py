"""From contributions to the three outputs of an explanation graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from contract.explanations import ATTRIBUTION, BASE, TARGET, VALUE, signature
from contract.tensors import Input
from training.export.graph import Graph, tensor

FLOAT, INT32, INT64, BOOL, DOUBLE = 1, 6, 7, 9, 11  # onnx.TensorProto


@dataclass(frozen=True, eq=False)
class Scale:
    """The explained answer of class k is factor[k] times a raw sum, plus offset[k].

    Of a regression there is one k, 0. factor, offset: float64 [classes].
    """

    factor: NDArray[np.float64]
    offset: NDArray[np.float64]

    @classmethod
    def by(cls, factor: float, offset: NDArray[np.floating] | float, classes: int) -> Scale:
        """The same factor for all classes."""
        wide = np.broadcast_to(np.asarray(offset, np.float64), (classes,))
        return cls(np.full(classes, factor), np.array(wide))


def finish(
    graph: Graph,
    name: str,
    inputs: Sequence[onnx.ValueInfoProto],
    specs: Sequence[Input],
    parts: tuple[str, str, str],
    scale: Scale,
    *,
    classes: bool,
) -> onnx.ModelProto:
    """The finished graph.

    Args:
        inputs: those of the model.
        parts: names of the raw contributions FP64 [n, parts], of the raw base and of the raw value
            FP64 [n].
        classes: whether the graph takes `target`.

    Raises:
        ValueError: a model with these inputs has no explanation graphs.
    """
    _, outputs = signature(specs, classes=classes)
    contributions, base, value = parts
    factor: str = graph.constant(scale.factor)
    offset: str = graph.constant(scale.offset)
    place = TARGET if classes else graph.constant(np.array([0]))
    factor, offset = (graph.add("Gather", each, place) for each in (factor, offset))
    one = graph.constant(np.array([1]))
    scaled = graph.add("Mul", contributions, graph.add("Unsqueeze", factor, one))
    shape = graph.constant(np.array([-1, *outputs[0].row]))
    graph.add("Reshape", scaled, shape, output=ATTRIBUTION)
    for raw, output in ((base, BASE), (value, VALUE)):
        graph.add("Add", graph.add("Mul", raw, factor), offset, output=output)
    declared = list(inputs) + ([tensor(TARGET, "INT64", ())] if classes else [])
    return graph.model(name, declared, [tensor(o.name, o.datatype, o.row) for o in outputs])


def double(graph: Graph, name: str) -> str:
    """The tensor in double precision."""
    return graph.add("Cast", name, to=DOUBLE)
