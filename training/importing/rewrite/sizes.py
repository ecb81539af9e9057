"""Sizes that a graph leaves open, or fixes although they need not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import ModelProto, ValueInfoProto

from training.errors import ImportModelError
from training.importing.rewrite.graph import find, forget_shapes, set_row, sizes


def fix_sizes(model: ModelProto, shapes: Mapping[str, Sequence[int]]) -> list[str]:
    """Give the open sizes of inputs these values, and symbols of the same name everywhere.

    Args:
        shapes: size of one row by input, without the batch.

    Raises:
        ImportModelError: there is no such input, or the graph fixes another size.
    """
    changes = []
    symbols: dict[str, int] = {}
    for name, row in shapes.items():
        value = find(model.graph.input, name)
        if value is None:
            found = ", ".join(v.name for v in model.graph.input)
            raise ImportModelError(f"--shape {name}: the graph has no such input; it has {found}")
        _check(value, row)
        symbols |= _symbols(value, row)
        changes.append(f"Input {name} was fixed to rows of shape {list(row)}.")
        if sizes(value) is None:
            set_row(value, row)
        for dimension, size in zip(value.type.tensor_type.shape.dim[1:], row, strict=True):
            dimension.dim_value = size
    if changes:
        forget_shapes(model)
        _substitute(model, symbols)
    return changes


def _check(value: ValueInfoProto, row: Sequence[int]) -> None:
    declared = sizes(value)
    if declared is None:
        return
    if len(declared) != len(row) + 1 or any(
        d not in (-1, size) for d, size in zip(declared[1:], row, strict=True)
    ):
        asked = ",".join(map(str, row))
        raise ImportModelError(
            f"--shape {value.name}={asked} does not fit the graph, which declares {declared} "
            "there, the batch first"
        )


def _symbols(value: ValueInfoProto, row: Sequence[int]) -> dict[str, int]:
    dimensions = value.type.tensor_type.shape.dim[1:]
    return {
        dimension.dim_param: size
        for dimension, size in zip(dimensions, row, strict=False)
        if dimension.dim_param
    }


def _substitute(model: ModelProto, symbols: Mapping[str, int]) -> None:
    for value in (*model.graph.input, *model.graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param in symbols:
                dimension.dim_value = symbols[dimension.dim_param]


def fixed_batches(model: ModelProto, inputs: Sequence[str]) -> dict[str, int]:
    """The inputs whose batch has a fixed size, with that size."""
    found = {}
    for name in inputs:
        value = find(model.graph.input, name)
        declared = sizes(value) if value is not None else None
        if declared and declared[0] != -1:
            found[name] = declared[0]
    return found


def free_batch(model: ModelProto, inputs: Sequence[str]) -> None:
    """Leave the batch of inputs, and of the outputs that fix it too, open."""
    forget_shapes(model)
    named = [value for value in model.graph.input if value.name in inputs]
    for value in (*named, *model.graph.output):
        declared = sizes(value)
        if declared and declared[0] != -1:
            set_row(value, declared[1:])
