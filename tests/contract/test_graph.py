from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from contract.errors import GraphError
from contract.graph import TensorType, outline
from tests.repositories import tiny_graph


def test_it_sees_what_onnx_sees() -> None:
    seen = outline(tiny_graph().SerializeToString())
    assert seen.inputs == {"images": TensorType("UINT8", (-1, 28, 28))}
    assert seen.outputs == {
        "label": TensorType("INT64", (-1,)),
        "probabilities": TensorType("FP32", (-1, 10)),
    }
    assert {domain for domain, _ in seen.operators} == {""}
    assert seen.unknown_operators == ()
    assert seen.external_tensors == ()
    assert seen.producer == "rosenblatt"
    assert not seen.has_trees


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
    assert seen.unknown_operators == (("hidden", "Constant"),)


def with_function(*nodes: onnx.NodeProto, **arguments: Any) -> onnx.ModelProto:
    """A model whose own operator, `local:f`, has these nodes as its body."""
    model = tiny_graph()
    model.graph.node.append(helper.make_node("f", ["images"], ["unused"], domain="local"))
    model.functions.append(
        helper.make_function(
            "local", "f", ["x"], ["y"], nodes, [helper.make_opsetid("", 18)], **arguments
        )
    )
    return model


def test_it_looks_into_functions() -> None:
    evil = helper.make_node("Evil", ["x"], ["y"], domain="evil")
    seen = outline(with_function(evil).SerializeToString())
    assert seen.unknown_operators == (("evil", "Evil"),)


def test_an_operator_that_the_model_defines_is_known() -> None:
    seen = outline(with_function(helper.make_node("Abs", ["x"], ["y"])).SerializeToString())
    assert ("local", "f") in seen.operators
    assert seen.unknown_operators == ()


def test_it_looks_into_defaults_of_functions_attributes() -> None:
    default = helper.make_attribute("weights", external("hidden"))
    model = with_function(helper.make_node("Abs", ["x"], ["y"]), attribute_protos=[default])
    assert outline(model.SerializeToString()).external_tensors == ("hidden",)


def test_it_looks_into_training_information() -> None:
    model = tiny_graph()
    model.training_info.add().algorithm.initializer.append(external("hidden"))
    assert outline(model.SerializeToString()).external_tensors == ("hidden",)


def test_the_last_of_a_repeated_scalar_counts() -> None:
    """ONNX Runtime's parser keeps the last; an audit that keeps the first judges another model."""
    model = tiny_graph()
    node = model.graph.node[0]
    twice = (
        node.SerializeToString()
        + helper.make_node("Evil", [], [], domain="evil").SerializeToString()
    )
    parsed = onnx.NodeProto.FromString(twice)
    assert (parsed.domain, parsed.op_type) == ("evil", "Evil")
    graph = onnx.GraphProto.FromString(model.graph.SerializeToString())
    del graph.node[0]
    length = _varint(len(twice))
    body = graph.SerializeToString() + b"\x0a" + length + twice
    data = b"\x3a" + _varint(len(body)) + body
    assert ("evil", "Evil") in outline(data).unknown_operators


def test_two_graphs_are_one_as_the_runtime_merges_them() -> None:
    one, other = tiny_graph().SerializeToString(), nested(external("secret")).SerializeToString()
    assert set(outline(one + other).external_tensors) == {"secret"}


def _varint(number: int) -> bytes:
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def test_weights_among_the_inputs_are_no_inputs() -> None:
    model = tiny_graph()
    weight = model.graph.initializer[0]
    model.graph.input.append(
        helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims)
    )
    assert set(outline(model.SerializeToString()).inputs) == {"images"}


def test_what_is_no_tensor_is_named() -> None:
    model = tiny_graph()
    model.graph.output.append(
        helper.make_tensor_sequence_value_info("maps", TensorProto.FLOAT, None)
    )
    model.graph.output.append(helper.make_tensor_value_info("any", TensorProto.FLOAT, None))
    seen = outline(model.SerializeToString())
    assert str(seen.outputs["maps"]) == "sequence of any shape"
    assert str(seen.outputs["any"]) == "FP32 of any shape"


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
    seen = outline(model.SerializeToString())
    assert {domain for domain, _ in seen.operators} == {"", "ai.onnx.ml"}


@given(st.binary(max_size=200))
def test_any_bytes_are_an_outline_or_a_graph_error(data: bytes) -> None:
    with contextlib.suppress(GraphError):
        outline(data)


@pytest.mark.parametrize(
    "data", [b"", b"\x08\x01", b"\x3a\xff", b"\x3b", b"\xff" * 20, b"\x38\x01"]
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


@pytest.mark.parametrize(
    "name", [b"producer", b"Operator", b"domain.own", b"tensor", b"feature", b"answer", b"weight"]
)
def test_a_name_that_is_not_utf8_is_refused(name: bytes) -> None:
    """Of any part: protobuf passes it on as bytes, with which nothing else reckons."""
    value = helper.make_tensor_value_info
    stored = TensorProto(name="tensor", data_location=TensorProto.EXTERNAL)
    node = helper.make_node("Operator", ["feature"], ["answer"], domain="domain.own", t=stored)
    graph = helper.make_graph(
        [node], "graph", [value("feature", 1, [1])], [value("answer", 1, [1])],
        [numpy_helper.from_array(np.zeros(1, np.float32), "weight")],
    )  # fmt: skip
    model = helper.make_model(graph, producer_name="producer").SerializeToString()
    outline(model)
    assert name in model
    with pytest.raises(GraphError, match="a name that is not UTF-8"):
        outline(model.replace(name, b"\xff" + name[1:]))
