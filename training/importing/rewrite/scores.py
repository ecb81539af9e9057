"""Unnormalised scores become probabilities: nodes after an output."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from training.errors import ImportModelError
from training.importing.rewrite.graph import (
    add_standard_operators,
    constant,
    find,
    free_name,
    is_float,
    sizes,
    tensor,
)


def append_softmax(model: ModelProto, name: str) -> list[str]:
    """Replace logits [batch, classes] by their softmax, and add the label of the largest.

    Raises:
        ImportModelError: there is no such output, or it is no matrix of floats.
    """
    logits = _output(model, "--softmax", name)
    declared = sizes(logits)
    if declared is None or len(declared) != 2 or declared[1] < 2:
        raise ImportModelError(
            f"--softmax {name} needs an output [batch, classes] of at least two classes, but the "
            f"graph declares {declared}"
        )
    add_standard_operators(model)
    probabilities = free_name(model, "probabilities")
    model.graph.node.append(helper.make_node("Softmax", [name], [probabilities], axis=1))
    changes = [f"Output {name} was replaced by {probabilities}, its softmax."]
    return changes + _replace(model, logits, probabilities, declared[1])


def append_sigmoid(model: ModelProto, name: str) -> list[str]:
    """Replace one logit a row by the probabilities of two classes, and add the label.

    Raises:
        ImportModelError: there is no such output, or it is not one float a row.
    """
    logit = _output(model, "--sigmoid", name)
    declared = sizes(logit)
    if declared is None or declared[1:] not in ([], [1]):
        raise ImportModelError(
            f"--sigmoid {name} needs an output [batch] or [batch, 1], but the graph declares "
            f"{declared}"
        )
    add_standard_operators(model)
    graph = model.graph
    made = {key: free_name(model, key) for key in ("column", "second", "first", "probabilities")}
    dtype = helper.tensor_dtype_to_np_dtype(logit.type.tensor_type.elem_type)
    column = constant(graph, free_name(model, "column_shape"), np.array([-1, 1], np.int64))
    one = constant(graph, free_name(model, "one"), np.array(1, dtype))
    graph.node.extend(
        [
            helper.make_node("Reshape", [name, column], [made["column"]]),
            helper.make_node("Sigmoid", [made["column"]], [made["second"]]),
            helper.make_node("Sub", [one, made["second"]], [made["first"]]),
            helper.make_node(
                "Concat", [made["first"], made["second"]], [made["probabilities"]], axis=1
            ),
        ]
    )
    changes = [
        f"Output {name} was replaced by {made['probabilities']}: one minus its sigmoid, and its "
        "sigmoid."
    ]
    return changes + _replace(model, logit, made["probabilities"], 2)


def _output(model: ModelProto, option: str, name: str) -> ValueInfoProto:
    output = find(model.graph.output, name)
    if output is None:
        found = ", ".join(o.name for o in model.graph.output)
        raise ImportModelError(f"{option} {name}: the graph has no such output; it has {found}")
    if not is_float(output):
        raise ImportModelError(f"{option} {name}: the output holds no floats")
    return output


def _replace(
    model: ModelProto, scores: ValueInfoProto, probabilities: str, classes: int
) -> list[str]:
    """Return the probabilities in place of the scores, and a label unless there is one."""
    element = scores.type.tensor_type.elem_type
    scores.CopyFrom(tensor(probabilities, element, (classes,)))
    if any(not is_float(output) for output in model.graph.output):
        return []
    label = free_name(model, "label")
    model.graph.node.append(
        helper.make_node("ArgMax", [probabilities], [label], axis=1, keepdims=0)
    )
    model.graph.output.insert(0, tensor(label, TensorProto.INT64, ()))
    return [f"Output {label} was added: the index of the largest probability."]
