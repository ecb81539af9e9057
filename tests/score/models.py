"""A model of several kinds of inputs, made in the test that uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from contract.batch import Batch
from contract.tensors import Input, Output
from tests.graphs import graph_of
from tests.repositories import write_model


def _input(name: str, datatype: str, row: tuple[int, ...], **fields: Any) -> Input:
    return Input.model_validate({"name": name, "datatype": datatype, "shape": (-1, *row), **fields})


INPUTS = (
    _input("photo", "UINT8", (2, 3), content="image", layout="HW"),
    _input("flag", "BOOL", (), content="number", columns=("sold",)),
    _input("count", "INT64", (1,), content="number", columns=("rooms",)),
    _input("signal", "FP32", (4,), content="number"),
)
OUTPUTS = (Output(name="sum", datatype="FP32", shape=(-1,), role="value"),)


def mixed_graph() -> bytes:
    """The sum of all pixels, of the flag, of the count and of the signal."""
    nodes = [
        helper.make_node("Cast", ["photo"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["flag"], ["sold"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["count"], ["rooms"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["pixels", "both"], ["photo_sum"], keepdims=0),
        helper.make_node("ReduceSum", ["rooms", "last"], ["rooms_sum"], keepdims=0),
        helper.make_node("ReduceSum", ["signal", "last"], ["signal_sum"], keepdims=0),
        helper.make_node("Sum", ["photo_sum", "sold", "rooms_sum", "signal_sum"], ["sum"]),
    ]
    return graph_of(nodes, INPUTS, OUTPUTS, {"both": np.array([1, 2]), "last": np.array([1])})


def mixed_model(root: Path, name: str = "houses") -> Path:
    """A regression over an image, two columns of a table and an array."""
    samples = Batch(
        {
            "photo": np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
            "flag": np.array([True, False]),
            "count": np.array([[3], [4]]),
            "signal": np.ones((2, 4), np.float32),
        }
    )
    return write_model(
        root, name, mixed_graph(), INPUTS, OUTPUTS, samples, title="Tiny houses",
        task="regression", labels=(),
    )  # fmt: skip


LOOKUP_INPUTS = (
    _input("code", "INT64", (), content="number", columns=("code",)),
    _input("scale", "FP32", (), content="number", columns=("scale",)),
)
LOOKUP_OUTPUTS = (Output(name="price", datatype="FP32", shape=(-1,), role="value"),)


def lookup_model(root: Path, name: str = "lookup") -> Path:
    """A regression that knows the codes 0 to 2, and has no rule for a scale that is missing."""
    nodes = [
        helper.make_node("Gather", ["prices", "code"], ["listed"]),
        helper.make_node("Mul", ["listed", "scale"], ["price"]),
    ]
    constants = {"prices": np.array([10, 20, 30], np.float32)}
    samples = Batch({"code": np.array([0, 2]), "scale": np.ones(2, np.float32)})
    return write_model(
        root, name, graph_of(nodes, LOOKUP_INPUTS, LOOKUP_OUTPUTS, constants), LOOKUP_INPUTS,
        LOOKUP_OUTPUTS, samples, title="Tiny prices", task="regression", labels=(),
    )  # fmt: skip
