"""What every change of a graph needs: types, names, nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

# A graph of ai.onnx.ml alone imports no standard operators. Cast, Identity, Softmax and ArgMax are
# as old as this, and old exporters write graphs that newer operator sets refuse.
_STANDARD_OPSET = 9
BATCH = "batch"


def find(values: Sequence[ValueInfoProto], name: str) -> ValueInfoProto | None:
    """The input or output of a name."""
    return next((value for value in values if value.name == name), None)


def sizes(value: ValueInfoProto) -> list[int] | None:
    """Declared size of each dimension, -1 where it is open; None where the rank is."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return [d.dim_value if d.HasField("dim_value") else -1 for d in tensor.shape.dim]


def set_row(value: ValueInfoProto, row: Sequence[int]) -> None:
    """Declare the shape [batch, *row]."""
    shape = value.type.tensor_type.shape
    shape.ClearField("dim")
    shape.dim.add(dim_param=BATCH)
    for size in row:
        shape.dim.add(dim_value=size)


def tensor(name: str, element: int, row: Sequence[int]) -> ValueInfoProto:
    """An input or output of the shape [batch, *row]."""
    return helper.make_tensor_value_info(name, element, [BATCH, *row])


def constant(graph: GraphProto, name: str, array: NDArray[np.generic]) -> str:
    """Add a constant; its name."""
    graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return name


def forget_shapes(model: ModelProto) -> None:
    """Drop the inferred shapes of intermediate tensors: they are optional, and now may be wrong."""
    model.graph.ClearField("value_info")


def add_standard_operators(model: ModelProto) -> None:
    """Import the standard operators unless the model does."""
    if not any(opset.domain in ("", "ai.onnx") for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", _STANDARD_OPSET))


def free_name(model: ModelProto, wanted: str) -> str:
    """`wanted`, or with a number after it where the graph uses it already."""
    graph = model.graph
    used = {name for node in all_nodes(graph) for name in (*node.input, *node.output)}
    used |= {v.name for v in (*graph.input, *graph.output)} | {c.name for c in graph.initializer}
    name, n = wanted, 1
    while name in used:
        name, n = f"{wanted}_{n}", n + 1
    return name


def all_nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """Every node, those in branches and bodies of control flow included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from all_nodes(inner)


def rename(graph: GraphProto, old: str, new: str) -> None:
    """Let every reader of a tensor read another; inner graphs see outer names."""
    for node in all_nodes(graph):
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new


def producers(graph: GraphProto) -> dict[str, NodeProto]:
    """The node that makes each tensor."""
    return {name: node for node in graph.node for name in node.output if name}


def attribute(node: NodeProto, *names: str) -> object:
    """The value of the first attribute of these names that the node has; None if it has none."""
    held = {a.name: a for a in node.attribute}
    return next((helper.get_attribute_value(held[name]) for name in names if name in held), None)


def remove_output(model: ModelProto, name: str) -> None:
    """Remove an output, and the nodes that nothing needs then."""
    graph = model.graph
    kept = [output for output in graph.output if output.name != name]
    graph.ClearField("output")
    graph.output.extend(kept)
    prune(graph)


def prune(graph: GraphProto) -> None:
    """Remove the nodes and constants that no output depends on."""
    made = {name: i for i, node in enumerate(graph.node) for name in node.output if name}
    needed: set[int] = set()
    read = {output.name for output in graph.output}
    waiting = list(read)
    while waiting:
        i = made.get(waiting.pop())
        if i is not None and i not in needed:
            needed.add(i)
            names = _read_by(graph.node[i])
            read |= names
            waiting += names
    for i in reversed(range(len(graph.node))):
        if i not in needed:
            del graph.node[i]
    for i in reversed(range(len(graph.initializer))):
        if graph.initializer[i].name not in read:
            del graph.initializer[i]


def _read_by(node: NodeProto) -> set[str]:
    """Tensors that a node reads, by itself or in its inner graphs."""
    inner = [g for a in node.attribute for g in (a.g, *a.graphs)]
    names = {*node.input, *(output.name for graph in inner for output in graph.output)}
    return names.union(*(inner_node.input for graph in inner for inner_node in all_nodes(graph)))


def is_float(value: ValueInfoProto) -> bool:
    """True for a tensor of floats."""
    floats = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
    return value.type.tensor_type.elem_type in floats
