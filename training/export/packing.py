"""Serialise an ONNX model with packed integer lists.

onnx.proto is proto2, whose writers put a tag before every element of `AttributeProto.ints`. The
protobuf specification obliges every parser to accept the packed form too (Encoding, "Packed
Repeated Fields"): one tag, then all varints. For a tree ensemble with millions of integers that
saves a byte each and most of the parsing; the message read back is equal.
"""

from __future__ import annotations

import numpy as np
import onnx
from google.protobuf.message import Message
from numpy.typing import NDArray

_LENGTH_DELIMITED = 2
_MODEL_GRAPH = 7
_GRAPH_NODE = 1
_NODE_ATTRIBUTE = 5
_ATTRIBUTE_INTS = 8


def serialize(model: onnx.ModelProto) -> bytes:
    """Bytes of `model`; `onnx.load_from_string` gives back an equal message."""
    shell = onnx.ModelProto()
    shell.CopyFrom(model)
    shell.ClearField("graph")
    return _plain(shell) + _field(_MODEL_GRAPH, _graph(model.graph))


def _graph(graph: onnx.GraphProto) -> bytes:
    shell = onnx.GraphProto()
    shell.CopyFrom(graph)
    del shell.node[:]
    nodes = b"".join(_field(_GRAPH_NODE, _node(node)) for node in graph.node)
    return nodes + _plain(shell)


def _node(node: onnx.NodeProto) -> bytes:
    shell = onnx.NodeProto()
    shell.CopyFrom(node)
    del shell.attribute[:]
    attributes = b"".join(_field(_NODE_ATTRIBUTE, _attribute(a)) for a in node.attribute)
    return _plain(shell) + attributes


def _attribute(attribute: onnx.AttributeProto) -> bytes:
    if not attribute.ints:
        return _plain(attribute)
    ints = np.fromiter(attribute.ints, np.int64, len(attribute.ints)).view(np.uint64)
    shell = onnx.AttributeProto()
    shell.CopyFrom(attribute)
    del shell.ints[:]
    return _plain(shell) + _field(_ATTRIBUTE_INTS, _varints(ints))


def _plain(message: Message) -> bytes:
    data: bytes = message.SerializeToString()
    return data


def _field(number: int, payload: bytes) -> bytes:
    header = np.array([number << 3 | _LENGTH_DELIMITED, len(payload)], np.uint64)
    return _varints(header) + payload


def _varints(values: NDArray[np.uint64]) -> bytes:
    """Base-128 varints, little end first, the top bit set on all bytes but the last."""
    shifts = np.arange(0, 70, 7, dtype=np.uint64)
    groups = (values[:, None] >> np.minimum(shifts, 63)) & np.uint64(0x7F)
    groups[:, 9] = values >> np.uint64(63)
    sizes = 10 - np.argmax(groups[:, ::-1] > 0, axis=1)
    sizes[values == 0] = 1
    place = np.arange(10)
    continued = np.where(place < sizes[:, None] - 1, 0x80, 0)
    encoded = (groups.astype(np.uint8) | continued.astype(np.uint8))[place < sizes[:, None]]
    return bytes(encoded.tobytes())
