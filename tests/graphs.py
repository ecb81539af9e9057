"""Tiny ONNX graphs of several kinds of models, made in the test that uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from contract.tensors import Input, Output

_TYPES = {
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "INT64": TensorProto.INT64,
    "UINT8": TensorProto.UINT8,
    "BOOL": TensorProto.BOOL,
    "BYTES": TensorProto.STRING,
}


def graph_of(
    nodes: Sequence[NodeProto],
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    constants: Mapping[str, Any] | None = None,
) -> bytes:
    """A graph that onnx calls valid, with the tensors that the specs describe."""

    def declared(spec: Input | Output) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(spec.name, _TYPES[spec.datatype], ["n", *spec.row])

    graph = helper.make_graph(
        list(nodes),
        "tiny",
        [declared(spec) for spec in inputs],
        [declared(spec) for spec in outputs],
        [numpy_helper.from_array(np.asarray(a), name) for name, a in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 4)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="tests")
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _ml(operator: str, inputs: list[str], output: str, **attributes: Any) -> NodeProto:
    return helper.make_node(operator, inputs, [output], domain="ai.onnx.ml", **attributes)


def _column(name: str, datatype: str, content: str) -> Input:
    spec = {"name": name, "datatype": datatype, "shape": (-1, 1), "content": content}
    return Input.model_validate({**spec, "columns": (name,)})


TABLE_LABELS = ("no", "yes")
TABLE_INPUTS = (
    _column("age", "FP32", "number"),
    _column("income", "FP32", "number"),
    _column("town", "BYTES", "category"),
)
TABLE_OUTPUTS = (
    Output(name="approved", datatype="BYTES", shape=(-1,), role="label", encoding="value"),
    Output(name="probabilities", datatype="FP32", shape=(-1, 2), role="probabilities"),
)


def table_graph() -> bytes:
    """Numbers and a text to `yes` or `no`; missing numbers are filled, other towns count 0.

    The score of `yes` is age / 10 + income / 1000 + town / 2 - 5.5, with Bergen 1 and Oslo 2.
    """
    nodes = [
        _ml(
            "LabelEncoder", ["town"], "place",
            keys_strings=["Bergen", "Oslo"], values_floats=[1.0, 2.0], default_float=0.0,
        ),
        helper.make_node("Concat", ["age", "income", "place"], ["row"], axis=1),
        _ml(
            "Imputer", ["row"], "filled",
            imputed_value_floats=[40.0, 1000.0, 0.0], replaced_value_float=float("nan"),
        ),
        helper.make_node("Gemm", ["filled", "weights", "bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["scores"], ["index"], axis=1, keepdims=0),
        _ml(
            "LabelEncoder", ["index"], "approved",
            keys_int64s=[0, 1], values_strings=list(TABLE_LABELS),
        ),
    ]  # fmt: skip
    weights = np.array([[0, 0.1], [0, 1e-3], [0, 0.5]], np.float32)
    constants = {"weights": weights, "bias": np.array([0, -5.5], np.float32)}
    return graph_of(nodes, TABLE_INPUTS, TABLE_OUTPUTS, constants)


REGRESSION_INPUTS = (
    Input(
        name="features",
        datatype="FP32",
        shape=(-1, 3),
        content="number",
        columns=("rooms", "area", "year"),
    ),
)
REGRESSION_OUTPUTS = (
    Output(name="price", datatype="FP32", shape=(-1, 1), role="value"),
    Output(name="range", datatype="FP32", shape=(-1, 2), role="interval", level=0.9),
)


def regression_graph() -> bytes:
    """rooms * 10 + area * 2 + year, and an interval of one to either side."""
    nodes = [
        helper.make_node("MatMul", ["features", "weights"], ["price"]),
        helper.make_node("Add", ["price", "sides"], ["range"]),
    ]
    weights = np.array([[10], [2], [1]], np.float32)
    constants = {"weights": weights, "sides": np.array([-1, 1], np.float32)}
    return graph_of(nodes, REGRESSION_INPUTS, REGRESSION_OUTPUTS, constants)


OTHER_INPUTS = (Input(name="signal", datatype="FP64", shape=(-1, 2, 2), content="number"),)
OTHER_OUTPUTS = (
    Output(name="sums", datatype="FP64", shape=(-1, 2), role="other"),
    Output(name="largest", datatype="INT64", shape=(-1,), role="other"),
)


def other_graph() -> bytes:
    """The sums of the columns of 2 x 2 numbers, and which is the largest."""
    nodes = [
        helper.make_node("ReduceSum", ["signal", "axes"], ["sums"], keepdims=0),
        helper.make_node("ArgMax", ["sums"], ["largest"], axis=1, keepdims=0),
    ]
    return graph_of(nodes, OTHER_INPUTS, OTHER_OUTPUTS, {"axes": np.array([1])})


def image_specs(height: int, width: int, classes: int) -> tuple[Input, tuple[Output, Output]]:
    """The tensors of a classifier of grey images."""
    images = Input.model_validate(
        {
            "name": "images",
            "datatype": "UINT8",
            "shape": (-1, height, width),
            "content": "image",
            "layout": "HW",
        }
    )
    label = Output(name="label", datatype="INT64", shape=(-1,), role="label", encoding="index")
    scores = Output(name="scores", datatype="FP32", shape=(-1, classes), role="scores")
    return images, (label, scores)


def image_graph(height: int, width: int, classes: int, seed: int = 0) -> bytes:
    """A linear classifier of grey images with random weights."""
    images, outputs = image_specs(height, width, classes)
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "weights"], ["scores"]),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    ]
    weights = np.random.default_rng(seed).normal(size=(height * width, classes))
    return graph_of(nodes, [images], outputs, {"weights": weights.astype(np.float32)})


def faulty_image_graph(kind: str, size: int, classes: int, seed: int = 0) -> bytes:
    """`image_graph` for black images; others have a fault.

    Args:
        kind: `nan` yields NaN, `raise` fails, `slow` takes tens of milliseconds for any image.
    """
    images, outputs = image_specs(size, size, classes)
    float_type, integer = TensorProto.FLOAT, TensorProto.INT64
    faults = {
        "nan": [
            helper.make_node("Neg", ["largest"], ["negative"]),
            helper.make_node("Sqrt", ["negative"], ["extra"]),
        ],
        "raise": [
            helper.make_node("Cast", ["largest"], ["place"], to=integer),
            helper.make_node("Gather", ["zero", "place"], ["extra"]),
        ],
        "slow": [
            helper.make_node("Mul", ["largest", "zero"], ["nothing"]),
            helper.make_node("Expand", ["nothing", "square"], ["a"]),
            helper.make_node("MatMul", ["a", "a"], ["b"]),
            helper.make_node("MatMul", ["b", "a"], ["c"]),
            helper.make_node("ReduceMax", ["c"], ["extra"], keepdims=0),
        ],
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=float_type),
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("ReduceMax", ["flat"], ["largest"], keepdims=0),
        *faults[kind],
        helper.make_node("MatMul", ["flat", "weights"], ["right"]),
        helper.make_node("Add", ["right", "extra"], ["scores"]),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    ]
    weights = np.random.default_rng(seed).normal(size=(size * size, classes))
    constants = {
        "weights": weights.astype(np.float32),
        "zero": np.zeros(1, np.float32),
        "square": np.array([700, 700]),
    }
    return graph_of(nodes, [images], outputs, constants)
