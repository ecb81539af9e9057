"""Models that take the same columns by other tensors, in other orders and layouts."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from contract.batch import Batch
from contract.tensors import Input, Output
from service.settings import Settings
from tests.repositories import write_model
from tests.service.client import Client

VALUE = Output(name="v", datatype="FP32", shape=(-1,), role="value")


def model(nodes: list[onnx.NodeProto], inputs: list[Any], outputs: list[Any]) -> bytes:
    graph = helper.make_graph(nodes, "g", inputs, outputs)
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def floats(name: str) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"])


def column(tensor: str, name: str) -> Input:
    return Input(name=tensor, datatype="FP32", shape=(-1,), content="number", columns=(name,))


def difference(root: Path, name: str, x: str, y: str, columns: tuple[str, str]) -> None:
    """A regression: tensor `x` minus tensor `y`."""
    graph = model([helper.make_node("Sub", [x, y], ["v"])], [floats(x), floats(y)], [floats("v")])
    inputs = (column(x, columns[0]), column(y, columns[1]))
    one = np.ones(2, np.float32)
    samples = Batch({x: one, y: 2 * one})
    write_model(root, name, graph, inputs, (VALUE,), samples, task="regression", labels=())


def values(client: Client, instances: list[Any]) -> dict[str, Any]:
    answer = client.request("POST", "/compare", {"instances": instances})
    assert answer.status_code == 200, answer.text
    return {m["model"]: m["predictions"][0] for m in answer.json()["models"]}


def test_columns_reach_the_tensors_of_each_model(tmp_path: Path) -> None:
    difference(tmp_path, "a", "x", "y", ("p", "q"))
    difference(tmp_path, "other-names", "left", "right", ("p", "q"))
    difference(tmp_path, "swapped", "x", "y", ("q", "p"))
    client = Client(Settings(models_dir=tmp_path, default_model="a"))
    row = {"p": 10, "q": 1}
    expected = {"a": 9.0, "other-names": 9.0, "swapped": -9.0}
    assert {name: p["value"] for name, p in values(client, [row]).items()} == expected
    for name, value in expected.items():
        body = {"model": name, "instances": [row]}
        assert client.request("POST", "/predict", body).json()["predictions"][0]["value"] == value


@pytest.mark.parametrize("layouts", [("HWC", "CHW"), ("CHW", "HWC")])
def test_a_picture_is_laid_out_for_each_model(
    tmp_path: Path, layouts: tuple[Literal["HWC", "CHW"], ...]
) -> None:
    pixels = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    for name, layout in zip("ab", layouts, strict=True):
        image = helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", 3, 3, 3])
        same = helper.make_tensor_value_info("y", TensorProto.UINT8, ["n", 3, 3, 3])
        graph = model([helper.make_node("Identity", ["x"], ["y"])], [image], [same])
        taken = Input(
            name="x", datatype="UINT8", shape=(-1, 3, 3, 3), content="image", layout=layout
        )
        given = Output(name="y", datatype="UINT8", shape=(-1, 3, 3, 3), role="other")
        samples = Batch({"x": np.zeros((2, 3, 3, 3), np.uint8)})
        write_model(tmp_path, name, graph, (taken,), (given,), samples, task="other", labels=())
    client = Client(Settings(models_dir=tmp_path, default_model="a"))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    found = values(client, [base64.b64encode(buffer.getvalue()).decode()])
    forms = {"HWC": pixels, "CHW": pixels.transpose(2, 0, 1)}
    for name, layout in zip("ab", layouts, strict=True):
        np.testing.assert_array_equal(found[name]["outputs"]["y"], forms[layout])


def classifier(root: Path, nodes: list[onnx.NodeProto], constants: list[Any]) -> Client:
    """A classifier u, v whose graph makes an INT64 label of the INT64 column p."""
    whole = helper.make_tensor_value_info("x", TensorProto.INT64, ["n"])
    label = helper.make_tensor_value_info("label", TensorProto.INT64, ["n"])
    graph = helper.make_graph(nodes, "g", [whole], [label], constants)
    opsets = [helper.make_opsetid("", 18)]
    data = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    taken = Input(name="x", datatype="INT64", shape=(-1,), content="category", columns=("p",))
    given = Output(name="label", datatype="INT64", shape=(-1,), role="label", encoding="index")
    samples = Batch({"x": np.array([0, 1])})
    write_model(root, "a", data, (taken,), (given,), samples, labels=("u", "v"))
    return Client(Settings(models_dir=root, default_model="a"))


@pytest.mark.parametrize("index", [-1, 2, 7])
def test_a_label_that_the_manifest_does_not_have_is_no_class(tmp_path: Path, index: int) -> None:
    client = classifier(tmp_path, [helper.make_node("Identity", ["x"], ["label"])], [])
    answer = client.request("POST", "/predict", {"instances": [{"p": index}]})
    assert answer.status_code == 500
    assert answer.json()["error"] == (
        f"the model answered with label index {index}, but its manifest has 2 labels; import or "
        "train it again"
    )
    right = client.request("POST", "/predict", {"instances": [{"p": 1}]})
    assert right.json()["predictions"] == [{"label": "v"}]


def test_a_value_that_the_graph_refuses_is_the_clients(tmp_path: Path) -> None:
    table = onnx.numpy_helper.from_array(np.array([0, 1]), "table")
    client = classifier(tmp_path, [helper.make_node("Gather", ["table", "x"], ["label"])], [table])
    answer = client.request("POST", "/predict", {"instances": [{"p": 7}]})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("a cannot answer these rows (")
    assert answer.json()["error"].endswith("send values that the model knows")
    right = client.request("POST", "/predict", {"instances": [{"p": 1}]})
    assert right.json()["predictions"] == [{"label": "v"}]


def test_an_answer_that_is_not_a_number_names_its_row(tmp_path: Path) -> None:
    difference(tmp_path, "a", "x", "y", ("p", "q"))
    client = Client(Settings(models_dir=tmp_path, default_model="a"))
    rows = [{"p": 1, "q": 1}, {"p": None, "q": 1}]
    answer = client.request("POST", "/predict", {"instances": rows})
    assert answer.status_code == 422
    assert (
        "instances[1] has no answer: the model's value is not a finite number"
        in (answer.json()["error"])
    )
