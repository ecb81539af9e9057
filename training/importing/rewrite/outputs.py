"""Outputs that are no tensors: ZipMaps are opened, others dropped or refused."""

from __future__ import annotations

from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto

from training.errors import ImportModelError
from training.importing.rewrite.graph import (
    add_standard_operators,
    attribute,
    find,
    producers,
    remove_output,
    tensor,
)


def drop(model: ModelProto, names: tuple[str, ...]) -> list[str]:
    """Remove outputs by name.

    Raises:
        ImportModelError: there is no such output, or none would be left.
    """
    for name in names:
        if find(model.graph.output, name) is None:
            found = ", ".join(output.name for output in model.graph.output)
            raise ImportModelError(f"--drop {name}: the graph has no such output; it has {found}")
        remove_output(model, name)
    if not model.graph.output:
        raise ImportModelError(f"--drop {','.join(names)} leaves no output; keep one")
    return [f"Output {name} was dropped." for name in names]


def open_zipmaps(model: ModelProto) -> tuple[list[str], tuple[str, ...]]:
    """Replace each ZipMap, a list of {class: probability}, by the tensor that it reads.

    Returns:
        What was changed, and the classes in the order of the tensor's columns; none where there
        is no ZipMap.

    Raises:
        ImportModelError: an output is a sequence or a map for another reason.
    """
    made = producers(model.graph)
    changes: list[str] = []
    classes: tuple[str, ...] = ()
    for i, output in enumerate(model.graph.output):
        if output.type.HasField("tensor_type"):
            continue
        node = made.get(output.name)
        if node is None or node.op_type != "ZipMap":
            raise ImportModelError(
                f"output {output.name!r} is a sequence or a map, which cannot be served; leave it "
                f"out with --drop {output.name}, or export it as a tensor"
            )
        classes = _classes(node)
        _open(model, node, i, output, classes)
        changes.append(
            f"Output {output.name}, a list of maps, became the tensor of {len(classes)} columns "
            "that its ZipMap read."
        )
    return changes, classes


def _open(
    model: ModelProto, node: NodeProto, i: int, output: ValueInfoProto, classes: tuple[str, ...]
) -> None:
    add_standard_operators(model)
    node.op_type, node.domain = "Identity", ""
    node.ClearField("attribute")
    # ONNX ML declares a ZipMap's probabilities as float.
    model.graph.output[i].CopyFrom(tensor(output.name, TensorProto.FLOAT, (len(classes),)))


def _classes(node: NodeProto) -> tuple[str, ...]:
    """Class names of a ZipMap."""
    values = attribute(node, "classlabels_strings", "classlabels_int64s")
    return class_names(values)


def class_names(values: object) -> tuple[str, ...]:
    """The names that an attribute with classes holds: bytes or integers."""
    if not isinstance(values, list):
        return ()
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in values)
