"""Integrated gradients (Sundararajan, Taly and Yan, 2017) of a network, as one graph.

The gradient of the class's score is averaged along the straight line from a black image to the
image, and multiplied by the pixels. By the fundamental theorem of calculus the contributions add up
to the score less that of the black image. Slopes of single points would miss that by percents where
the network bends between them, so they are averaged over segments (`backward`).
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import NodeProto, numpy_helper, shape_inference

from contract.explanations import TARGET
from training.errors import ExportError
from training.explain.answers import double
from training.explain.backward import Forward, backward
from training.export.graph import Graph

# Segments of the line, over each of which slopes are averaged.
STEPS = 16


def write_gradients(
    graph: Graph, model: onnx.ModelProto, pixels: str, scores: str, steps: int = STEPS
) -> tuple[str, str, str]:
    """Nodes from the pixels of the images and `target`.

    Args:
        model: its nodes from `pixels` FP32 [n, ...] to `scores` FP32 [n, classes] are copied.

    Returns:
        names of the contributions FP64 [n, pixels], of the score of the black image and of that of
        the image, FP64 [n].

    Raises:
        ExportError: the model is no chain of operators that can be differentiated.
    """
    nodes = chain_of(model, pixels, scores)
    shapes = shapes_of(model)
    constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    row, classes, points = shapes[pixels], shapes[scores][0], steps + 1
    one = graph.constant(np.array([1]))
    places = np.linspace(0, 1, points, dtype=np.float32).reshape(1, -1, *[1] * len(row))
    line = graph.add("Mul", graph.add("Unsqueeze", pixels, one), graph.constant(places))
    start = graph.add("Reshape", line, graph.constant(np.array([-1, *row])))
    copied = _copy(graph, nodes, constants, start, pixels)
    hot = graph.add(
        "OneHot", TARGET, graph.constant(np.int64(classes)),
        graph.constant(np.array([0, 1], np.float32)),
    )  # fmt: skip
    wide = graph.add("Unsqueeze", hot, one)
    flat = graph.constant(np.array([-1, classes]))
    per_segment, per_point = (
        graph.add("Reshape",
                  graph.add("Expand", wide, graph.constant(np.array([1, count, 1]))), flat)
        for count in (steps, points)
    )  # fmt: skip
    forward = Forward(copied, constants, {**shapes, start: row}, points)
    gradient = backward(graph, forward, per_segment)
    size = int(np.prod(row))
    by_segment = graph.add("Reshape", gradient, graph.constant(np.array([-1, steps, size])))
    mean = graph.add("ReduceMean", double(graph, by_segment), one, keepdims=0)
    image = double(graph, graph.add("Reshape", pixels, graph.constant(np.array([-1, size]))))
    own = graph.add("ReduceSum", graph.add("Mul", scores, per_point), one, keepdims=0)
    along = double(graph, graph.add("Reshape", own, graph.constant(np.array([-1, points]))))
    base, value = (
        graph.add("Gather", along, graph.constant(np.int64(k)), axis=1) for k in (0, steps)
    )
    return graph.add("Mul", image, mean), base, value


def chain_of(model: onnx.ModelProto, start: str, end: str) -> list[NodeProto]:
    """The nodes from one tensor to another, each of which reads the one before."""
    makers = {output: node for node in model.graph.node for output in node.output}
    found: list[NodeProto] = []
    name = end
    while name != start:
        if name not in makers:
            raise ExportError(f"{end!r} does not depend on {start!r} by a chain of operators")
        found.append(makers[name])
        name = makers[name].input[0]
    return found[::-1]


def _copy(
    graph: Graph, nodes: list[NodeProto], constants: dict[str, np.ndarray], start: str, old: str
) -> list[NodeProto]:
    """Write the nodes into the graph, the first reading `start`; returns what was written."""
    copied = []
    for node in nodes:
        made = onnx.NodeProto()
        made.CopyFrom(node)
        if made.input[0] == old:
            made.input[0] = start
        for name in made.input[1:]:
            graph.keep(name, constants[name])
        graph.nodes.append(made)
        copied.append(made)
    return copied


def shapes_of(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors without their first axis."""
    inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    values = (*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output)
    return {
        value.name: tuple(d.dim_value for d in value.type.tensor_type.shape.dim[1:])
        for value in values
    }
