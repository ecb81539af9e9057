"""`python -m training import` as a person calls it: versions, errors, the audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from contract.repository import audit, entries
from tests.training.importing.models import X, imported, linear, made, node, save
from tests.training.test_cli import run
from training.errors import ImportModelError

ABC = ("a", "b", "c")


def command(folder: Path, *arguments: str) -> Any:
    files = save(folder, linear(), {"x": X, "y": np.zeros(40, int)})
    return run(
        "import", str(files["model"]), "--samples", str(files["samples"]), "--name", "mine",
        "--out", str(folder / "models"), *arguments,
    )  # fmt: skip


def test_the_command_says_what_it_found(tmp_path: Path) -> None:
    done = command(
        tmp_path, "--labels", "a,b,c", "--softmax", "scores", "--target", "y", "--seen",
        "--columns", "x=height,width", "--title", "Mine", "--algorithm", "linear",
        "--family", "classical_ml",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for words in (
        "number, FP32 [-1, 2]: height, width",
        "label (index), INT64 [-1]",
        "probabilities, FP32 [-1, 3]",
        "classification of tabular rows",
        "Output label was added",
        "accuracy on the samples",
        f"Written to {tmp_path / 'models' / 'mine' / '1'}",
    ):
        assert words in done.stdout
    manifest = audit(entries(tmp_path / "models")[0]).manifest
    assert (manifest.title, manifest.algorithm) == ("Mine", "linear")
    assert manifest.family == "classical_ml"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the outputs scores FP32 [-1, 3] do not show what the model does; give --labels"),
        (["--labels", "a,a"], "--labels 'a,a' must be different names"),
        (["--task", "ranking"], "--task 'ranking' must be one of classification, regression"),
        (
            ["--labels", "a,b,c", "--title", "x" * 121],
            "cannot be described: title: String should have",
        ),
        (["--labels", "a,b,c", "--algorithm", "Random Forest"], "described: algorithm: String"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = command(tmp_path, *arguments)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert not (tmp_path / "models").exists()


def test_the_next_version_is_taken_and_none_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "mine"
    for number in ("1", "2"):
        assert imported(tmp_path, linear(), {"x": X}, labels=ABC).manifest.version == number
    first = (folder / "1" / "manifest.json").read_text()
    with pytest.raises(ImportModelError, match="mine version 1 already; give another --version"):
        imported(tmp_path, linear(), {"x": X}, labels=ABC, version="1")
    assert (folder / "1" / "manifest.json").read_text() == first
    options: dict[str, Any] = {"labels": ("x", "y", "z"), "version": "1", "overwrite": True}
    assert imported(tmp_path, linear(), {"x": X}, **options).manifest.labels == ("x", "y", "z")
    assert imported(tmp_path, linear(), {"x": X}, labels=ABC, version="7").manifest.version == "7"
    assert imported(tmp_path, linear(), {"x": X}, labels=ABC).manifest.version == "8"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "My Model"}, "--name 'My Model' must be at most 64 lower-case"),
        ({"name": "../up"}, "--name"),
        ({"version": "0"}, "--version '0' must be a positive integer"),
        ({"version": "../1"}, "--version"),
        ({"model": Path("/nowhere.onnx")}, r"/nowhere\.onnx cannot be read"),
        ({"samples": Path("/nowhere.csv")}, r"/nowhere\.csv cannot be read"),
    ],
)
def test_an_option_that_does_not_fit_is_named(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ImportModelError, match=message):
        imported(tmp_path, linear(), {"x": X}, labels=ABC, **options)


def unknown_operator() -> bytes:
    model = onnx.load_from_string(linear())
    model.graph.node[0].domain = "evil"
    model.opset_import.add(domain="evil", version=1)
    data: bytes = model.SerializeToString()
    return data


def external_weights() -> bytes:
    model = onnx.load_from_string(linear())
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="/etc/passwd")
    data: bytes = model.SerializeToString()
    return data


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (b"no model", r"model\.onnx: the file is not a readable ONNX model|holds no graph"),
        (b"", r"model\.onnx: the file holds no graph"),
        (unknown_operator(), "operator 'MatMul' has the domain 'evil'"),
        (external_weights(), "tensor 'w' is stored outside the file"),
    ],
)
def test_the_audit_comes_first(tmp_path: Path, graph: bytes, message: str) -> None:
    with pytest.raises(ImportModelError, match=message):
        imported(tmp_path, graph, {"x": X}, labels=ABC)


def test_a_passed_on_input_cannot_be_described(tmp_path: Path) -> None:
    """A tensor that is input and output at once has one name for two."""
    graph = made(
        [node("Neg", ["x"], "y")],
        {"x": ("FP32", ["n", 2])},
        {"x": ("FP32", ["n", 2]), "y": ("FP32", ["n", 2])},
    )
    with pytest.raises(ImportModelError, match=r"'x' is named twice|cannot load"):
        imported(tmp_path, graph, {"x": X}, outputs={"y": "value", "x": "other"})


def test_the_manifest_records_the_file(tmp_path: Path) -> None:
    artifact = imported(tmp_path, linear(), {"x": X}, labels=ABC)
    record = json.loads(artifact.manifest.to_json())["imported"]
    assert record["file"] == "model.onnx"
    assert record["sha256"] == artifact.manifest.files["default"].sha256
    assert record["samples"] == "samples.npz"
