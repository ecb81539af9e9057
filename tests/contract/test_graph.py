from __future__ import annotations

import contextlib

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from contract.errors import GraphError
from contract.graph import outline
from tests.repositories import tiny_graph


def test_it_sees_what_onnx_sees() -> None:
    seen = outline(tiny_graph().SerializeToString())
    assert seen.inputs == {"images": ("UINT8", (-1, 28, 28))}
    assert seen.outputs == {"label": ("INT64", (-1,)), "probabilities": ("FP32", (-1, 10))}
    assert seen.domains == {""}
    assert seen.external_tensors == ()


def external(name: str) -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), name)
    tensor.data_location = TensorProto.EXTERNAL
    return tensor


def nested(tensor: TensorProto) -> onnx.ModelProto:
    """A model whose tensor hides in the branch of an If."""
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["y"], value=tensor, domain="hidden")],
        "branch", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])],
    )  # fmt: skip
    node = helper.make_node("If", ["c"], ["z"], then_branch=branch, else_branch=branch)
    graph = helper.make_graph(
        [node], "main", [helper.make_tensor_value_info("c", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [3])],
    )  # fmt: skip
    return helper.make_model(graph)


def test_it_looks_into_subgraphs() -> None:
    seen = outline(nested(external("secret")).SerializeToString())
    assert set(seen.external_tensors) == {"secret"}
    assert "hidden" in seen.domains


def test_it_looks_into_functions() -> None:
    model = tiny_graph()
    model.functions.append(
        helper.make_function(
            "local", "f", ["x"], ["y"], [helper.make_node("Evil", ["x"], ["y"], domain="evil")],
            [helper.make_opsetid("", 18)],
        )
    )  # fmt: skip
    assert {"local", "evil"} <= outline(model.SerializeToString()).domains


def test_it_looks_into_sparse_tensors() -> None:
    model = tiny_graph()
    sparse = helper.make_sparse_tensor(
        external("values"), numpy_helper.from_array(np.zeros(3, np.int64), "i"), [9]
    )
    model.graph.sparse_initializer.append(sparse)
    assert outline(model.SerializeToString()).external_tensors == ("values",)
    model = tiny_graph()
    model.graph.node.append(helper.make_node("Constant", [], ["s"], sparse_value=sparse))
    assert outline(model.SerializeToString()).external_tensors == ("values",)


def test_long_integer_lists_are_stepped_over() -> None:
    ints = [0, 1, 127, 128, 2**31, 2**62, -1] * 1000
    node = helper.make_node("Made", ["images"], ["x"], numbers=ints, domain="ai.onnx.ml")
    node.attribute.append(helper.make_attribute("graph", tiny_graph().graph))
    model = tiny_graph()
    model.graph.node.insert(0, node)
    assert outline(model.SerializeToString()).domains == {"", "ai.onnx.ml"}


@given(st.binary(max_size=200))
def test_any_bytes_are_an_outline_or_a_graph_error(data: bytes) -> None:
    with contextlib.suppress(GraphError):
        outline(data)


@pytest.mark.parametrize(
    "data", [b"", b"\x08\x01", b"\x3a\xff", b"\x3b", b"\xff" * 20, b"\x38\x01", b"\x3a\x00\x3a\x00"]
)
def test_what_is_no_model_is_a_graph_error(data: bytes) -> None:
    with pytest.raises(GraphError):
        outline(data)


@given(st.data())
def test_a_damaged_model_is_an_outline_or_a_graph_error(data: st.DataObject) -> None:
    whole = bytearray(nested(external("t")).SerializeToString())
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(GraphError):
        outline(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
