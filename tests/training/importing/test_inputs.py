"""What inputs are, and which columns of the samples they take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from onnx import NodeProto, helper

from contract.tensors import Input
from tests.training.importing.models import Shape, X, imported, linear, made, node
from training.errors import ImportModelError

ABC = ("a", "b", "c")


def encoder(operator: str = "LabelEncoder", name: str = "town", **attributes: Any) -> NodeProto:
    """A node of ai.onnx.ml that takes text."""
    return helper.make_node(operator, [name], ["code"], domain="ai.onnx.ml", **attributes)


ENCODER = encoder(keys_strings=["Oslo", "Bergen"], values_floats=[1.0, 2.0], default_float=-1.0)


def table(shape: Shape | None = None, first: NodeProto = ENCODER, kind: str = "BYTES") -> bytes:
    """age FP32, 0 where it is missing, + the code of a town: a value."""
    shape = shape or ["n", 1]
    return made(
        [
            first,
            node("IsNaN", ["age"], "missing"),
            node("Where", ["missing", "zero", "age"], "known"),
            node("Add", ["known", "code"], "value"),
        ],
        {"age": ("FP32", shape), "town": (kind, shape)},
        {"value": ("FP32", shape)},
        zero=np.float32(0),
    )


TABLE = pl.DataFrame({"town": ["Oslo", None, "Rome"], "age": [1.5, 2.0, None], "truth": [1, 2, 3]})


def inputs(artifact: Any) -> tuple[Input, ...]:
    found: tuple[Input, ...] = artifact.manifest.inputs
    return found


@pytest.mark.parametrize("shape", [["n", 1], ["n"]])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_columns_by_name(tmp_path: Path, shape: Shape, kind: str) -> None:
    path = tmp_path / f"table.{kind}"
    TABLE.write_csv(path) if kind == "csv" else TABLE.write_parquet(path)
    artifact = imported(tmp_path, table(shape), path)
    assert [(i.content, i.columns) for i in inputs(artifact)] == [
        ("number", ("age",)),
        ("category", ("town",)),
    ]
    golden = artifact.golden.inputs
    assert golden["town"].ravel().tolist() == ["Oslo", "", "Rome"]
    np.testing.assert_array_equal(golden["age"].ravel(), np.array([1.5, 2, np.nan], np.float32))


def test_arrays_by_name(tmp_path: Path) -> None:
    arrays = {"age": np.array([1.0, 2.0]), "town": np.array([["Oslo"], ["Rome"]])}
    assert [i.columns for i in inputs(imported(tmp_path, table(), arrays))] == [
        ("age",),
        ("town",),
    ]


def test_columns_as_skl2onnx_writes_them(tmp_path: Path) -> None:
    graph = made(
        [node("Add", ["hours_per_week", "x"], "y")],
        {"hours_per_week": ("FP32", ["n", 1]), "x": ("FP32", ["n", 1])},
        {"y": ("FP32", ["n", 1])},
    )
    path = tmp_path / "table.csv"
    pl.DataFrame({"hours-per-week": [1, 2], "x": [3, 4]}).write_csv(path)
    assert inputs(imported(tmp_path, graph, path))[0].columns == ("hours-per-week",)


def matrix_table(folder: Path) -> Path:
    path = folder / "table.csv"
    frame = {"b": [1.0, 2.0], "a": [3.0, 4.0], "truth": ["a", "c"], "own": [-2.0, 0.0]}
    pl.DataFrame(frame).write_csv(path)
    return path


def test_the_columns_of_one_matrix_in_order(tmp_path: Path) -> None:
    path = matrix_table(tmp_path)
    with pytest.raises(ImportModelError, match=r"columns b, a, own, .* with --columns x=\.\.\."):
        imported(tmp_path, linear(), path, labels=ABC, target="truth")
    told = imported(tmp_path, linear(), path, labels=ABC, columns={"x": ("a", "own")})
    assert inputs(told)[0].columns == ("a", "own")
    np.testing.assert_array_equal(told.golden.inputs["x"], np.array([[3, -2], [4, 0]], np.float32))
    pl.read_csv(path).drop("own").write_csv(path)
    artifact = imported(tmp_path, linear(), path, labels=ABC, target="truth")
    assert inputs(artifact)[0].columns == ("b", "a")
    np.testing.assert_array_equal(
        artifact.golden.inputs["x"], np.array([[1, 3], [2, 4]], np.float32)
    )


def test_columns_of_an_array_may_be_named(tmp_path: Path) -> None:
    plain = imported(tmp_path, linear(), {"x": X}, labels=ABC)
    assert (inputs(plain)[0].columns, plain.manifest.modality) == ((), "array")
    named = imported(tmp_path, linear(), {"x": X}, labels=ABC, columns={"x": ("a", "b")})
    assert (inputs(named)[0].columns, named.manifest.modality) == (("a", "b"), "tabular")


@pytest.mark.parametrize(
    ("first", "content"),
    [
        (ENCODER, "category"),
        (encoder("TfIdfVectorizer"), "text"),
    ],
)
def test_what_the_graph_does_with_a_text_says_what_it_is(
    tmp_path: Path, first: NodeProto, content: str
) -> None:
    if content == "text":
        first = helper.make_node(
            "TfIdfVectorizer", ["town"], ["code"], mode="TF", min_gram_length=1, max_gram_length=1,
            max_skip_count=0, ngram_counts=[0], ngram_indexes=[0], pool_strings=["Oslo"],
        )  # fmt: skip
    path = tmp_path / "table.parquet"
    TABLE.write_parquet(path)
    assert inputs(imported(tmp_path, table(first=first), path))[1].content == content


def test_a_text_that_shows_nothing_is_told(tmp_path: Path) -> None:
    graph = made(
        [node("Identity", ["note"], "same"), node("Neg", ["age"], "value")],
        {"age": ("FP32", ["n", 1]), "note": ("BYTES", ["n", 1])},
        {"value": ("FP32", ["n", 1]), "same": ("BYTES", ["n", 1])},
    )
    arrays = {"age": np.array([1.0, 2]), "note": np.array(["a", "b"])}
    with pytest.raises(ImportModelError, match="--input note=category or --input note=text"):
        imported(tmp_path, graph, arrays, task="regression")
    artifact = imported(tmp_path, graph, arrays, task="regression", inputs={"note": "text"})
    assert inputs(artifact)[1].content == "text"


@pytest.mark.parametrize(
    ("kind", "row", "told", "layout"),
    [
        ("FP32", [3, 8, 9], None, "CHW"),
        ("FP32", [8, 9, 1], None, "HWC"),
        ("UINT8", [8, 9], None, "HW"),
        ("FP32", [8, 9], None, None),
        ("FP32", [8, 9], "image", "refused"),
        ("FP32", [8, 9], "image:HW", "HW"),
        ("FP32", [3, 8, 9], "number", None),
        ("FP32", [3, 8, 3], None, None),
        ("FP32", [3, 8, 3], "image:HWC", "HWC"),
        ("FP32", [7, 8, 9], None, None),
        ("FP32", [3, 2, 2], None, None),
    ],
)
def test_images_are_seen_or_told(
    tmp_path: Path, kind: str, row: Shape, told: str | None, layout: str | None
) -> None:
    graph = made(
        [node("Flatten", ["x"], "flat"), node("Cast", ["flat"], "y", to=1)],
        {"x": (kind, ["n", *row])},
        {"y": ("FP32", ["n", "k"])},
    )
    samples = np.random.default_rng(0).integers(0, 256, (4, *map(int, row)))
    options: dict[str, Any] = {"task": "regression", "inputs": {"x": told} if told else {}}
    if layout == "refused":
        with pytest.raises(ImportModelError, match="image does not say the order of the axes"):
            imported(tmp_path, graph, {"x": samples}, **options)
        return
    (spec,) = inputs(imported(tmp_path, graph, {"x": samples}, **options))
    assert (spec.layout, spec.content) == (layout, "image" if layout else "number")


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"z": X}, {}, r"has the columns z, which do not say what input 'x'"),
        ({"x": X[:, :1]}, {}, r"'x' have rows of shape \[1\]; the graph takes \[2\]"),
        ({"x": X}, {"inputs": {"z": "text"}}, "--input z: the graph has no such input; it has x"),
        ({"x": X}, {"columns": {"z": ("a",)}}, "--columns z: the graph has no such input"),
        ({"z": X}, {"columns": {"x": ("a", "b")}}, "has no column 'a' for input 'x'; it has z"),
        ({"x": X}, {"columns": {"x": ("a", "b", "c")}}, "names 3 columns"),
        ({"a": X, "b": X}, {"columns": {"x": ("a", "b")}}, "must have one value a row"),
        ({"x": X}, {"inputs": {"x": "category"}}, "must be BYTES or whole numbers"),
    ],
)
def test_samples_that_do_not_fit_are_refused(
    tmp_path: Path, arrays: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ImportModelError, match=message):
        imported(tmp_path, linear(), arrays, labels=ABC, **options)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (["n", "k"], r"with open sizes beyond the batch; .* --shape x=2"),
        ([], "'x' is one value for all rows"),
    ],
)
def test_an_input_that_is_no_row_is_refused(tmp_path: Path, shape: Shape, message: str) -> None:
    graph = made([node("Neg", ["x"], "y")], {"x": ("FP32", shape)}, {"y": ("FP32", shape)})
    with pytest.raises(ImportModelError, match=message):
        imported(tmp_path, graph, {"x": X}, task="regression")
