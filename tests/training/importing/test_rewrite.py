"""Changes of a graph: what they do, what they record, what they leave alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from contract.batch import Batch
from tests.training.importing.models import X, answers, changes, imported, linear, made, node
from tests.training.importing.test_pixels import PIXELS, network
from training.answers import run_graph
from training.errors import ImportModelError

ABC = ("a", "b", "c")


def test_an_unchanged_graph_stays_the_file_it_was(tmp_path: Path) -> None:
    artifact = imported(tmp_path, linear(), {"x": X}, labels=ABC)
    assert artifact.graph == linear()
    assert changes(artifact) == ()


def test_softmax_makes_probabilities_and_a_label(tmp_path: Path) -> None:
    artifact = imported(tmp_path, linear(), {"x": X}, labels=ABC, softmax="scores")
    assert [(o.name, o.role) for o in artifact.manifest.outputs] == [
        ("label", "label"),
        ("probabilities", "probabilities"),
    ]
    scores = run_graph(linear(), Batch({"x": X}))["scores"].astype(np.float64)
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    found = answers(artifact, x=X)
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-6)
    np.testing.assert_array_equal(found["label"], scores.argmax(axis=1))
    assert changes(artifact) == (
        "Output scores was replaced by probabilities, its softmax.",
        "Output label was added: the index of the largest probability.",
    )


@pytest.mark.parametrize("shape", [["n", 1], ["n"]])
def test_sigmoid_makes_two_probabilities(tmp_path: Path, shape: list[int | str]) -> None:
    weights = np.ones((2, 1) if len(shape) > 1 else 2, np.float32)
    graph = made(
        [node("MatMul", ["x", "w"], "logit")],
        {"x": ("FP32", ["n", 2])},
        {"logit": ("FP32", shape)},
        w=weights,
    )
    artifact = imported(tmp_path, graph, {"x": X}, labels=("no", "yes"), sigmoid="logit")
    found = answers(artifact, x=X)
    second = 1 / (1 + np.exp(-X.sum(axis=1, dtype=np.float64)))
    np.testing.assert_allclose(found["probabilities"][:, 1], second, atol=1e-6)
    np.testing.assert_allclose(found["probabilities"].sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(found["label"], second > 0.5)


def test_open_sizes_are_fixed_where_told(tmp_path: Path) -> None:
    graph = network(height="h")
    samples = {"images": PIXELS.astype(np.float32)}
    with pytest.raises(ImportModelError, match="for example --shape images=3,8,9"):
        imported(tmp_path, graph, samples, labels=ABC)
    artifact = imported(tmp_path, graph, samples, labels=ABC, shapes={"images": (3, 8, 9)})
    assert artifact.outline.inputs["images"].shape == (-1, 3, 8, 9)
    assert changes(artifact) == ("Input images was fixed to rows of shape [3, 8, 9].",)


def test_symbols_of_one_name_are_fixed_together(tmp_path: Path) -> None:
    graph = made(
        [node("Add", ["x", "y"], "z")],
        {"x": ("FP32", ["n", "k"]), "y": ("FP32", ["n", "k"])},
        {"z": ("FP32", ["n", "k"])},
    )
    artifact = imported(tmp_path, graph, {"x": X, "y": X}, shapes={"x": (2,)}, task="regression")
    assert artifact.outline.inputs["y"].shape == artifact.outline.outputs["z"].shape == (-1, 2)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"y": (3,)}, "--shape y: the graph has no such input; it has images"),
        ({"images": (3, 8)}, "--shape images=3,8 does not fit the graph"),
        ({"images": (1, 8, 9)}, "does not fit the graph"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused(
    tmp_path: Path, shapes: dict[str, tuple[int, ...]], message: str
) -> None:
    with pytest.raises(ImportModelError, match=message):
        imported(tmp_path, network(height="h"), {"images": PIXELS}, shapes=shapes)


def test_a_batch_of_one_is_opened_where_that_changes_nothing(tmp_path: Path) -> None:
    images = PIXELS.astype(np.float32)
    artifact = imported(tmp_path, network(batch=1), {"images": images}, labels=ABC)
    assert artifact.outline.inputs["images"].shape == (-1, 3, 8, 9)
    assert artifact.outline.outputs["y"].shape == (-1, 3)
    assert changes(artifact) == (
        "The batch of images, fixed to 1, was left open: 6 rows are answered the same one by one "
        "and in one batch.",
    )


def test_a_batch_of_one_that_is_baked_in_is_refused(tmp_path: Path) -> None:
    graph = made(
        [node("Reshape", ["x", "flat"], "y")],
        {"x": ("FP32", [1, 2, 2])},
        {"y": ("FP32", [1, 4])},
        flat=np.array([1, 4]),
    )
    samples = {"x": np.arange(24, dtype=np.float32).reshape(6, 2, 2)}
    with pytest.raises(ImportModelError, match="'x' fixes the batch to 1 and fails on a larger"):
        imported(tmp_path, graph, samples, task="regression")


def test_a_batch_of_one_that_would_mix_rows_is_refused(tmp_path: Path) -> None:
    graph = made(
        [node("Softmax", ["x"], "y", axis=0)],
        {"x": ("FP32", [1, 2])},
        {"y": ("FP32", [1, 2])},
    )
    with pytest.raises(ImportModelError, match="fixes the batch to 1 and answers a larger one"):
        imported(tmp_path, graph, {"x": X}, task="regression")


def test_a_batch_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportModelError, match="fixes the batch to 4, so it cannot answer one row"):
        imported(tmp_path, network(batch=4), {"images": PIXELS.astype(np.float32)}, labels=ABC)


def zipmap(classes: list[str]) -> bytes:
    graph = onnx.load_from_string(linear())
    graph.graph.node.append(
        helper.make_node(
            "ZipMap", ["scores"], ["maps"], domain="ai.onnx.ml", classlabels_strings=classes
        )
    )
    graph.graph.ClearField("output")
    graph.graph.output.append(onnx.ValueInfoProto(name="maps"))
    kind = helper.make_sequence_type_proto(
        helper.make_map_type_proto(
            onnx.TensorProto.STRING, helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, None)
        )
    )
    graph.graph.output[0].type.CopyFrom(kind)
    data: bytes = graph.SerializeToString()
    return data


def test_a_zipmap_becomes_the_tensor_that_it_reads(tmp_path: Path) -> None:
    artifact = imported(tmp_path, zipmap(["a", "b", "c"]), {"x": X})
    assert artifact.manifest.labels == ABC
    expected = run_graph(linear(), Batch({"x": X}))["scores"]
    np.testing.assert_array_equal(answers(artifact, x=X)["maps"], expected)


def test_another_sequence_is_refused_or_dropped(tmp_path: Path) -> None:
    model = onnx.load_from_string(linear())
    model.graph.node.append(node("SequenceConstruct", ["scores"], "list"))
    model.graph.output.append(
        onnx.ValueInfoProto(
            name="list",
            type=helper.make_sequence_type_proto(
                helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, None)
            ),
        )
    )
    graph = model.SerializeToString()
    with pytest.raises(ImportModelError, match=r"'list' is a sequence or a map.* --drop list"):
        imported(tmp_path, graph, {"x": X}, labels=ABC)
    artifact = imported(tmp_path, graph, {"x": X}, labels=ABC, drop=("list",))
    assert [o.name for o in artifact.manifest.outputs] == ["scores"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ("nothing",)}, "--drop nothing: the graph has no such output; it has scores"),
        ({"drop": ("scores",)}, "--drop scores leaves no output"),
        ({"softmax": "nothing"}, "--softmax nothing: the graph has no such output"),
        ({"sigmoid": "scores"}, r"--sigmoid scores needs an output \[batch\] or \[batch, 1\]"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ImportModelError, match=message):
        imported(tmp_path, linear(), {"x": X}, labels=ABC, **options)


def test_softmax_is_for_floats(tmp_path: Path) -> None:
    graph = made(
        [node("ArgMax", ["x"], "y", axis=1, keepdims=0)],
        {"x": ("FP32", ["n", 2])},
        {"y": ("INT64", ["n"])},
    )
    with pytest.raises(ImportModelError, match="--softmax y: the output holds no floats"):
        imported(tmp_path, graph, {"x": X}, labels=ABC, softmax="y")


def test_names_that_the_graph_uses_are_left_to_it(tmp_path: Path) -> None:
    graph = made(
        [node("MatMul", ["x", "probabilities"], "label")],
        {"x": ("FP32", ["n", 2])},
        {"label": ("FP32", ["n", 2])},
        probabilities=np.eye(2, dtype=np.float32),
    )
    artifact = imported(tmp_path, graph, {"x": X}, labels=("a", "b"), softmax="label")
    assert [o.name for o in artifact.manifest.outputs] == ["label_1", "probabilities_1"]
