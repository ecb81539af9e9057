"""The mean gradient of a small network along the segments of a line, written as ONNX nodes.

Each rule turns the gradient of a node's output into that of its first input; weights are constants,
so they need none. Between two points of the line the slope of a ReLU is that of its secant: the
mean of its slopes while its input moves evenly from one point to the other. By that, contributions
add up exactly, segment by segment (the rescale rule of DeepLIFT, Shrikumar et al., 2017), and with
finer segments they become those of the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper

from training.errors import ExportError
from training.export.graph import Graph

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Forward:
    """A chain of nodes from one tensor to another, already written into a graph.

    Every tensor holds `points` points of the line for each row, [n * points, ...]; a gradient holds
    one for each segment, [n * (points - 1), ...].

    Attributes:
        constants: by name. shapes: of each tensor without the first axis.
    """

    nodes: Sequence[NodeProto]
    constants: Arrays
    shapes: Mapping[str, tuple[int, ...]]
    points: int

    def ends(self, graph: Graph, tensor: str, shape: tuple[int, ...]) -> tuple[str, str]:
        """The tensor at the first and at the last point of each segment."""
        split = graph.add("Reshape", tensor, graph.constant(np.array([-1, self.points, *shape])))
        flat = graph.constant(np.array([-1, *shape]))
        axis = graph.constant(np.array([1]))
        ends = (
            graph.add("Slice", split, graph.constant(np.array([low])),
                      graph.constant(np.array([high])), axis)
            for low, high in ((0, self.points - 1), (1, self.points))
        )  # fmt: skip
        first, last = (graph.add("Reshape", end, flat) for end in ends)
        return first, last


Rule = Callable[[Graph, Forward, NodeProto, str], str]


def backward(graph: Graph, forward: Forward, gradient: str) -> str:
    """The gradient of the first node's first input, from that of the last node's output.

    Raises:
        ExportError: the nodes are no chain, or there is no rule for one.
    """
    for node in reversed(forward.nodes):
        rule = _RULES.get(node.op_type)
        if rule is None:
            raise ExportError(
                f"there is no gradient of the operator {node.op_type!r}; explain the model by "
                "'shapley' or 'occlusion'"
            )
        gradient = rule(graph, forward, node, gradient)
    return gradient


def _attributes(node: NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


# Inputs that differ less than this between two points have the slope at one of them.
_STILL = 1e-6


def _secant(graph: Graph, first: str, last: str) -> str:
    """The mean slope of max(0, x) while x moves from `first` to `last`."""
    zero, one = graph.constant(np.float32(0)), graph.constant(np.float32(1))
    step = graph.add("Sub", last, first)
    rise = graph.add("Sub", graph.add("Relu", last), graph.add("Relu", first))
    still = graph.add("Less", graph.add("Abs", step), graph.constant(np.float32(_STILL)))
    slope = graph.add("Div", rise, graph.add("Where", still, one, step))
    point = graph.add("Where", graph.add("Greater", last, zero), one, zero)
    return graph.add("Where", still, point, slope)


def _relu(graph: Graph, forward: Forward, node: NodeProto, gradient: str) -> str:
    ends = forward.ends(graph, node.input[0], forward.shapes[node.input[0]])
    return graph.add("Mul", gradient, _secant(graph, *ends))


def _conv(graph: Graph, forward: Forward, node: NodeProto, gradient: str) -> str:
    given = _attributes(node)
    weights = forward.constants[node.input[1]]
    rank = weights.ndim - 2
    if given.get("auto_pad", b"NOTSET") not in (b"NOTSET", "NOTSET"):
        raise ExportError("a convolution must give its pads in numbers")
    strides = list(given.get("strides", [1] * rank))
    pads = list(given.get("pads", [0] * 2 * rank))
    dilations = list(given.get("dilations", [1] * rank))
    before, after = forward.shapes[node.input[0]][-rank:], forward.shapes[node.output[0]][-rank:]
    # Rows at the end that no window reached.
    unread = [
        before[i]
        - ((after[i] - 1) * strides[i] + dilations[i] * (weights.shape[2 + i] - 1) + 1)
        + pads[i]
        + pads[rank + i]
        for i in range(rank)
    ]
    return graph.add(
        "ConvTranspose", gradient, node.input[1],
        strides=strides, pads=pads, dilations=dilations, group=given.get("group", 1),
        output_padding=unread,
    )  # fmt: skip


def _max_pool(graph: Graph, forward: Forward, node: NodeProto, gradient: str) -> str:
    """Of windows of two by two side by side: max(a, b) = a + max(0, b - a), three times."""
    given = _attributes(node)
    kernel, strides = list(given["kernel_shape"]), list(given.get("strides", [1, 1]))
    if kernel != [2, 2] or strides != [2, 2] or any(given.get("pads", [])):
        raise ExportError("there is a gradient of maxima of 2 by 2 windows side by side only")
    channels, height, width = forward.shapes[node.input[0]]
    rows, columns = height // 2, width // 2
    corners = [
        forward.ends(
            graph,
            _every_second(graph, node.input[0], (y, x), (2 * rows, 2 * columns)),
            (channels, rows, columns),
        )
        for y in (0, 1)
        for x in (0, 1)
    ]
    top, share_top = _larger(graph, corners[0], corners[1])
    bottom, share_bottom = _larger(graph, corners[2], corners[3])
    _, share = _larger(graph, top, bottom)
    upper, lower = _shared(graph, gradient, share)
    parts = [*_shared(graph, upper, share_top), *_shared(graph, lower, share_bottom)]
    return _woven(graph, parts, (channels, height, width))


Ends = tuple[str, str]


def _larger(graph: Graph, one: Ends, other: Ends) -> tuple[Ends, str]:
    """The larger of two tensors at both ends, and the share of its gradient that `other` gets."""
    gaps = [graph.add("Sub", b, a) for a, b in zip(one, other, strict=True)]
    larger = [graph.add("Max", a, b) for a, b in zip(one, other, strict=True)]
    return (larger[0], larger[1]), _secant(graph, gaps[0], gaps[1])


def _shared(graph: Graph, gradient: str, share: str) -> tuple[str, str]:
    second = graph.add("Mul", gradient, share)
    return graph.add("Sub", gradient, second), second


def _every_second(graph: Graph, tensor: str, first: tuple[int, int], end: tuple[int, int]) -> str:
    bounds = (np.array(first), np.array(end), np.array([2, 3]), np.array([2, 2]))
    return graph.add("Slice", tensor, *(graph.constant(each) for each in bounds))


def _woven(graph: Graph, corners: Sequence[str], shape: tuple[int, int, int]) -> str:
    """The four corners of every window [n, c, h, w] as one tensor [n, *shape]; zeros at the end."""
    channels, height, width = shape
    rows, columns = height // 2, width // 2
    last = graph.constant(np.array([4]))
    pairs = [
        graph.add("Concat", *(graph.add("Unsqueeze", c, last) for c in pair), axis=4)
        for pair in (corners[:2], corners[2:])
    ]
    flat = graph.constant(np.array([-1, channels, rows, 1, 2 * columns]))
    lines = [graph.add("Reshape", pair, flat) for pair in pairs]
    whole = graph.add(
        "Reshape", graph.add("Concat", *lines, axis=3),
        graph.constant(np.array([-1, channels, 2 * rows, 2 * columns])),
    )  # fmt: skip
    if (2 * rows, 2 * columns) == (height, width):
        return whole
    pads = np.array([0, 0, 0, 0, 0, 0, height - 2 * rows, width - 2 * columns])
    return graph.add("Pad", whole, graph.constant(pads))


def _batch_normalization(graph: Graph, forward: Forward, node: NodeProto, gradient: str) -> str:
    scale, _, _, variance = (forward.constants[name] for name in node.input[1:5])
    slope = scale / np.sqrt(variance + _attributes(node).get("epsilon", 1e-5))
    rank = len(forward.shapes[node.input[0]])
    shaped = slope.astype(np.float32).reshape(-1, *[1] * (rank - 1))
    return graph.add("Mul", gradient, graph.constant(shaped))


def _gemm(graph: Graph, forward: Forward, node: NodeProto, gradient: str) -> str:
    given = _attributes(node)
    if given.get("transA", 0):
        raise ExportError("a Gemm must not transpose its rows")
    weights = given.get("alpha", 1.0) * forward.constants[node.input[1]]
    back = weights if given.get("transB", 0) else weights.T
    return graph.add("MatMul", gradient, graph.constant(back.astype(np.float32)))


def _mat_mul(graph: Graph, forward: Forward, node: NodeProto, gradient: str) -> str:
    back = forward.constants[node.input[1]].T
    return graph.add("MatMul", gradient, graph.constant(np.ascontiguousarray(back)))


def _same(graph: Graph, forward: Forward, node: NodeProto, gradient: str) -> str:
    """Add and Sub of a constant, Identity."""
    return gradient


def _scaled(graph: Graph, forward: Forward, node: NodeProto, gradient: str) -> str:
    """Mul and Div by a constant."""
    return graph.add(node.op_type, gradient, node.input[1])


def _reshaped(graph: Graph, forward: Forward, node: NodeProto, gradient: str) -> str:
    row = forward.shapes[node.input[0]]
    return graph.add("Reshape", gradient, graph.constant(np.array([-1, *row])))


_RULES: Mapping[str, Rule] = {
    "Add": _same,
    "BatchNormalization": _batch_normalization,
    "Conv": _conv,
    "Div": _scaled,
    "Flatten": _reshaped,
    "Gemm": _gemm,
    "Identity": _same,
    "MatMul": _mat_mul,
    "MaxPool": _max_pool,
    "Mul": _scaled,
    "Relu": _relu,
    "Reshape": _reshaped,
    "Squeeze": _reshaped,
    "Sub": _same,
    "Unsqueeze": _reshaped,
}
