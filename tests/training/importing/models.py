"""Models of other libraries, their graphs, and imports of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from contract.batch import Batch
from contract.repository import Artifact, audit
from training.answers import run_graph
from training.importing.importer import import_model
from training.importing.options import Options

_TYPES = {
    "FP32": TensorProto.FLOAT,
    "INT64": TensorProto.INT64,
    "BYTES": TensorProto.STRING,
    "UINT8": TensorProto.UINT8,
}
Shape = list[int | str]


def exported(convert: Callable[..., Any], *arguments: Any, **options: Any) -> bytes:
    """What a converter writes; its warnings are its own affair."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data: bytes = convert(*arguments, **options).SerializeToString()
    return data


def made(
    nodes: list[NodeProto],
    inputs: Mapping[str, tuple[str, Shape]],
    outputs: Mapping[str, tuple[str, Shape]],
    **constants: Any,
) -> bytes:
    """A graph made by hand: nodes over declared tensors [type, shape]."""

    def declared(tensors: Mapping[str, tuple[str, Shape]]) -> list[onnx.ValueInfoProto]:
        return [
            helper.make_tensor_value_info(name, _TYPES[kind], shape)
            for name, (kind, shape) in tensors.items()
        ]

    graph = helper.make_graph(
        nodes,
        "made",
        declared(inputs),
        declared(outputs),
        [numpy_helper.from_array(np.asarray(a), name) for name, a in constants.items()],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    data: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    return data


def node(operator: str, inputs: list[str], *outputs: str, **attributes: Any) -> NodeProto:
    """A standard node."""
    return helper.make_node(operator, inputs, list(outputs), **attributes)


def linear(**output: Any) -> bytes:
    """x FP32 [n, 2] times a matrix: `scores` FP32 [n, 3]."""
    weights = np.array([[1, 0, -1], [0, 2, 1]], np.float32)
    return made(
        [node("MatMul", ["x", "w"], "scores")],
        {"x": ("FP32", ["n", 2])},
        {"scores": ("FP32", ["n", 3])} | output,
        w=weights,
    )


X = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)


def save(folder: Path, graph: bytes, arrays: Mapping[str, NDArray[Any]] | Path) -> dict[str, Path]:
    """The files of an import."""
    (folder / "model.onnx").write_bytes(graph)
    if isinstance(arrays, Path):
        return {"model": folder / "model.onnx", "samples": arrays}
    np.savez(folder / "samples.npz", **arrays)  # type: ignore[arg-type]
    return {"model": folder / "model.onnx", "samples": folder / "samples.npz"}


def imported(
    folder: Path, graph: bytes, arrays: Mapping[str, NDArray[Any]] | Path, **options: Any
) -> Artifact:
    """Import a graph with samples; the audited version."""
    files = save(folder, graph, arrays)
    fields: dict[str, Any] = {"name": "mine", "out": folder / "models"} | files | options
    entry, manifest = import_model(Options(**fields))
    artifact = audit(entry)
    assert artifact.manifest == manifest
    return artifact


def answers(artifact: Artifact, **arrays: NDArray[Any]) -> Batch:
    """What the version answers."""
    return run_graph(artifact.graph, Batch(arrays))


def changes(artifact: Artifact) -> tuple[str, ...]:
    """What the import changed in the graph."""
    record = artifact.manifest.imported
    assert record is not None
    return record.changes
