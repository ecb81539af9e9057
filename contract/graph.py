"""Read the outline of an ONNX file without the onnx package.

The service must judge a graph before ONNX Runtime builds it: which operator domains it uses,
whether a tensor lives outside the file, what goes in and comes out. The onnx package is large
and no part of serving, and the outline needs only the few fields of onnx.proto named below, so
this module walks the protobuf wire format (https://protobuf.dev/programming-guides/encoding).
Weights are stepped over, never copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from contract.errors import GraphError

KNOWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})

# TensorProto.DataType -> Open Inference Protocol datatype.
DATATYPES = {
    1: "FP32",
    2: "UINT8",
    3: "INT8",
    4: "UINT16",
    5: "INT16",
    6: "INT32",
    7: "INT64",
    8: "BYTES",
    9: "BOOL",
    10: "FP16",
    11: "FP64",
    12: "UINT32",
    13: "UINT64",
}

# Field numbers of the messages in onnx.proto that matter here.
_MODEL = {"opset_import": 8, "graph": 7, "functions": 25}
_GRAPH = {"node": 1, "initializer": 5, "input": 11, "output": 12, "sparse_initializer": 15}
_FUNCTION = {"node": 7, "opset_import": 9, "domain": 10}
_NODE = {"attribute": 5, "domain": 7}
_ATTRIBUTE = {"t": 5, "g": 6, "tensors": 10, "graphs": 11, "sparse": 22, "sparses": 23}
_TENSOR = {"name": 8, "external_data": 13, "data_location": 14}

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# A tree ensemble keeps millions of integers in AttributeProto.ints (field 8, one tag each);
# one regular expression steps over the run at C speed.
_INTS_RUN = re.compile(rb"(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])+")

Field = tuple[int, "int | memoryview"]


@dataclass(frozen=True)
class Outline:
    """What a graph is, seen from outside. Shapes use -1 for a dimension without fixed size."""

    inputs: dict[str, tuple[str, tuple[int, ...]]]
    outputs: dict[str, tuple[str, tuple[int, ...]]]
    domains: frozenset[str]
    external_tensors: tuple[str, ...]


@dataclass
class _Findings:
    domains: set[str] = field(default_factory=set)
    external: list[str] = field(default_factory=list)


def outline(data: bytes) -> Outline:
    """Outline of a serialised ModelProto.

    Raises:
        GraphError: the bytes are no ONNX model.
    """
    found = _Findings()
    inputs: dict[str, tuple[str, tuple[int, ...]]] = {}
    outputs: dict[str, tuple[str, tuple[int, ...]]] = {}
    graphs = 0
    try:
        for number, value in _fields(memoryview(data)):
            if number == _MODEL["graph"]:
                graphs += 1
                _walk_graph(_message(value), found)
                inputs = _tensors(_message(value), _GRAPH["input"])
                outputs = _tensors(_message(value), _GRAPH["output"])
            elif number == _MODEL["opset_import"]:
                found.domains.add(_text(_message(value), 1))
            elif number == _MODEL["functions"]:
                _walk_function(_message(value), found)
    except (ValueError, IndexError, RecursionError, OverflowError) as error:
        raise GraphError(f"the file is no readable ONNX model: {error}") from error
    if graphs != 1:
        raise GraphError(f"the file is no ONNX model: it holds {graphs} graphs instead of one")
    return Outline(inputs, outputs, frozenset(found.domains), tuple(found.external))


def _walk_graph(graph: memoryview, found: _Findings) -> None:
    for number, value in _fields(graph):
        if number == _GRAPH["node"]:
            _walk_node(_message(value), found)
        elif number == _GRAPH["initializer"]:
            _walk_tensor(_message(value), found)
        elif number == _GRAPH["sparse_initializer"]:
            _walk_sparse(_message(value), found)


def _walk_function(function: memoryview, found: _Findings) -> None:
    for number, value in _fields(function):
        if number == _FUNCTION["node"]:
            _walk_node(_message(value), found)
        elif number == _FUNCTION["opset_import"]:
            found.domains.add(_text(_message(value), 1))
        elif number == _FUNCTION["domain"]:
            found.domains.add(bytes(_message(value)).decode())


def _walk_node(node: memoryview, found: _Findings) -> None:
    for number, value in _fields(node):
        if number == _NODE["domain"]:
            found.domains.add(bytes(_message(value)).decode())
        elif number == _NODE["attribute"]:
            _walk_attribute(_message(value), found)


def _walk_attribute(attribute: memoryview, found: _Findings) -> None:
    for number, value in _fields(attribute, skip_ints=True):
        if number in (_ATTRIBUTE["t"], _ATTRIBUTE["tensors"]):
            _walk_tensor(_message(value), found)
        elif number in (_ATTRIBUTE["g"], _ATTRIBUTE["graphs"]):
            _walk_graph(_message(value), found)
        elif number in (_ATTRIBUTE["sparse"], _ATTRIBUTE["sparses"]):
            _walk_sparse(_message(value), found)


def _walk_sparse(sparse: memoryview, found: _Findings) -> None:
    for number, value in _fields(sparse):
        if number in (1, 2):  # values, indices
            _walk_tensor(_message(value), found)


def _walk_tensor(tensor: memoryview, found: _Findings) -> None:
    fields = dict(_fields(tensor))
    if _TENSOR["external_data"] in fields or fields.get(_TENSOR["data_location"]) == 1:
        name = fields.get(_TENSOR["name"], memoryview(b""))
        found.external.append(bytes(_message(name)).decode())


def _tensors(graph: memoryview, wanted: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """ValueInfoProto entries of the graph: name -> (datatype, shape)."""
    tensors = {}
    for number, value in _fields(graph):
        if number == wanted:
            info = _message(value)
            tensors[_text(info, 1)] = _tensor_type(_child(_child(info, 2), 1))
    return tensors


def _tensor_type(tensor_type: memoryview) -> tuple[str, tuple[int, ...]]:
    elem_type = 0
    shape: list[int] = []
    for number, value in _fields(tensor_type):
        if number == 1 and isinstance(value, int):
            elem_type = value
        elif number == 2:
            for _, dimension in _fields(_message(value)):
                size = dict(_fields(_message(dimension))).get(1, -1)
                shape.append(size if isinstance(size, int) else -1)
    return DATATYPES.get(elem_type, f"type {elem_type}"), tuple(shape)


def _child(message: memoryview, wanted: int) -> memoryview:
    for number, value in _fields(message):
        if number == wanted:
            return _message(value)
    return memoryview(b"")


def _text(message: memoryview, wanted: int) -> str:
    return bytes(_child(message, wanted)).decode()


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a message was expected where a number stands")
    return value


def _fields(message: memoryview, skip_ints: bool = False) -> Iterator[Field]:
    """Each (field number, value) of one protobuf message, in file order."""
    position, end = 0, len(message)
    while position < end:
        if skip_ints and (run := _INTS_RUN.match(message, position)):
            position = run.end()
            continue
        tag, position = _varint(message, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if wire_type == _BYTES:
            size, position = _varint(message, position)
        elif wire_type in (_FIXED64, _FIXED32):
            size = 8 if wire_type == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire_type} at byte {position}")
        if position + size > end:
            raise ValueError(f"a field at byte {position} runs past the end")
        yield number, message[position : position + size]
        position += size


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError(f"an endless number at byte {position}")
