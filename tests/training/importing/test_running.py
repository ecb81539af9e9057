"""Rows must be answered one by one, whatever else is in the batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto

from tests.training.importing.models import X, imported, linear, made, node
from training.errors import ImportModelError

LABELS = ("a", "b", "c")


def refused(folder: Path, nodes: list[NodeProto], message: str, **constants: object) -> None:
    graph = made(nodes, {"x": ("FP32", ["n", 2])}, {"y": ("FP32", ["n", 2])}, **constants)
    with pytest.raises(ImportModelError, match=message):
        imported(folder, graph, {"x": X[:20]}, task="regression")


def test_statistics_of_the_batch_are_refused(tmp_path: Path) -> None:
    nodes = [
        node("ReduceMean", ["x", "axes"], "mean", keepdims=1),
        node("Sub", ["x", "mean"], "y"),
    ]
    refused(tmp_path, nodes, "answers rows otherwise alone", axes=np.array([0]))


def test_ranks_within_the_batch_are_refused(tmp_path: Path) -> None:
    nodes = [node("Softmax", ["x"], "y", axis=0)]
    refused(tmp_path, nodes, "otherwise alone, so a batch of several requests would mix them up")


def test_a_row_that_reads_its_neighbour_is_refused(tmp_path: Path) -> None:
    nodes = [node("CumSum", ["x", "axis"], "y")]
    refused(tmp_path, nodes, "otherwise in another batch", axis=np.array(0))


def test_noise_is_refused(tmp_path: Path) -> None:
    nodes = [node("RandomNormalLike", ["x"], "noise"), node("Add", ["x", "noise"], "y")]
    refused(tmp_path, nodes, "otherwise asked twice.*evaluation mode, without dropout")


def test_one_row_shows_nothing(tmp_path: Path) -> None:
    for samples in (X[:1], X[[0, 0, 0]]):
        with pytest.raises(ImportModelError, match="at least two different rows"):
            imported(tmp_path, linear(), {"x": samples}, labels=LABELS)


def test_an_output_of_the_whole_batch_is_refused_or_dropped(tmp_path: Path) -> None:
    graph = made(
        [node("MatMul", ["x", "w"], "y"), node("ReduceSum", ["y"], "sum", keepdims=0)],
        {"x": ("FP32", ["n", 2])},
        {"y": ("FP32", ["n", 1]), "sum": ("FP32", [])},
        w=np.ones((2, 1), np.float32),
    )
    with pytest.raises(ImportModelError, match=r"output 'sum' is \[\] for .* --drop sum"):
        imported(tmp_path, graph, {"x": X})
    artifact = imported(tmp_path, graph, {"x": X}, drop=("sum",))
    assert [o.name for o in artifact.manifest.outputs] == ["y"]
    assert ("", "ReduceSum") not in artifact.outline.operators
    assert artifact.manifest.imported is not None
    assert artifact.manifest.imported.changes == ("Output sum was dropped.",)


def test_rows_of_changing_shape_are_refused(tmp_path: Path) -> None:
    """Only rows [n, width] whose width depends on the values."""
    graph = made(
        [
            node("ReduceSum", ["x"], "total", keepdims=0),
            node("Greater", ["total", "zero"], "more"),
            node("Where", ["more", "two", "one"], "width"),
            node("Tile", ["x", "width"], "y"),
        ],
        {"x": ("FP32", ["n", 2])},
        {"y": ("FP32", ["n", "m"])},
        zero=np.float32(0), one=np.array([1, 1]), two=np.array([1, 2]),
    )  # fmt: skip
    with pytest.raises(ImportModelError, match="output 'y' has rows of different shapes"):
        imported(tmp_path, graph, {"x": X}, task="regression")


def test_a_graph_that_the_runtime_cannot_load_is_refused(tmp_path: Path) -> None:
    graph = made(
        [node("MatMul", ["x", "nothing"], "y")],
        {"x": ("FP32", ["n", 2])},
        {"y": ("FP32", ["n", 2])},
    )
    with pytest.raises(ImportModelError, match="ONNX Runtime cannot load the graph"):
        imported(tmp_path, graph, {"x": X})


def test_a_graph_that_fails_on_the_samples_is_refused(tmp_path: Path) -> None:
    graph = made(
        [node("Gather", ["table", "x"], "y")],
        {"x": ("INT64", ["n"])},
        {"y": ("FP32", ["n"])},
        table=np.zeros(3, np.float32),
    )
    with pytest.raises(ImportModelError, match="the graph fails on a batch of 2 rows"):
        imported(tmp_path, graph, {"x": np.array([1, 7])})
