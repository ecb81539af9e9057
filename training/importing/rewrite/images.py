"""UINT8 pixels in front of an image input, so that a service can take pictures."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from contract.tensors import Layout
from training.errors import ImportModelError
from training.importing.pixels import Pixels
from training.importing.rewrite.graph import (
    add_standard_operators,
    constant,
    find,
    free_name,
    is_float,
    rename,
)


def prepend_pixels(model: ModelProto, name: str, layout: Layout, pixels: Pixels) -> list[str]:
    """Let a float image input take UINT8 pixels, in the same layout and under the same name.

    Raises:
        ImportModelError: the input holds no floats, or has another number of channels than the
            pixels have means.
    """
    value = find(model.graph.input, name)
    if value is None or not is_float(value):
        raise ImportModelError(f"--pixels needs an image input of floats, which {name!r} is not")
    channels = _channels(value, layout)
    for key, numbers in (("mean", pixels.mean), ("std", pixels.std)):
        if len(numbers) not in (1, channels):
            raise ImportModelError(
                f"--pixels gives {len(numbers)} numbers for {key}, but the image {name!r} has "
                f"{channels} channels"
            )
    add_standard_operators(model)
    _scale(model, name, value.type.tensor_type.elem_type, layout, pixels)
    value.type.tensor_type.elem_type = TensorProto.UINT8
    return [f"Input {name} takes UINT8 pixels, which become {pixels} inside the graph."]


def _channels(value: ValueInfoProto, layout: Layout) -> int:
    dimensions = value.type.tensor_type.shape.dim
    return {"HW": 1, "CHW": dimensions[1].dim_value, "HWC": dimensions[-1].dim_value}[layout]


def _scale(model: ModelProto, name: str, element: int, layout: Layout, pixels: Pixels) -> None:
    """Insert Cast, Mul, Sub and Div before every reader of the input."""
    graph = model.graph
    dtype = helper.tensor_dtype_to_np_dtype(element)
    last = free_name(model, f"{name}_numbers")
    rename(graph, name, last)
    nodes = [helper.make_node("Cast", [name], [f"{last}_cast"], to=element)]
    steps = (("Mul", (pixels.scale,), 1), ("Sub", pixels.mean, 0), ("Div", pixels.std, 1))
    for operator, numbers, nothing in steps:
        if set(numbers) == {nothing}:
            continue
        key = f"{last}_{operator.lower()}"
        shape = (-1, 1, 1) if layout == "CHW" and len(numbers) > 1 else (-1,)
        held = constant(graph, f"{key}_by", np.array(numbers, dtype).reshape(shape))
        nodes.append(helper.make_node(operator, [nodes[-1].output[0], held], [key]))
    nodes[-1].output[0] = last
    for i, node in enumerate(nodes):  # a graph's nodes stand in the order of their dependence
        graph.node.insert(i, node)
