"""The messages of onnx.proto that an audit reads, without the onnx package.

The service audits a graph before ONNX Runtime builds it. The onnx package is large and not needed
for serving, so the messages are declared here for protobuf, with only the fields that the audit
reads. Other fields, such as weights, stay unparsed. If a field occurs more than once, protobuf does
what ONNX Runtime's parser does: the last scalar wins, and messages are merged.

Source of the field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "rosenblatt.onnx"
_SCALARS = {"int": _Field.TYPE_INT64, "text": _Field.TYPE_STRING}

# Message -> field -> (number, type); a type in brackets is repeated.
_MESSAGES = {
    "Model": {
        "producer_name": (2, "text"),
        "producer_version": (3, "text"),
        "graph": (7, "Graph"),
        "opset_import": (8, "[Opset]"),
        "training_info": (20, "[Training]"),
        "functions": (25, "[Function]"),
    },
    "Opset": {"domain": (1, "text"), "version": (2, "int")},
    "Training": {"initialization": (1, "Graph"), "algorithm": (2, "Graph")},
    "Graph": {
        "node": (1, "[Node]"),
        "initializer": (5, "[Tensor]"),
        "input": (11, "[ValueInfo]"),
        "output": (12, "[ValueInfo]"),
        "sparse_initializer": (15, "[Sparse]"),
    },
    "Function": {
        "name": (1, "text"),
        "node": (7, "[Node]"),
        "opset_import": (9, "[Opset]"),
        "domain": (10, "text"),
        "attribute_proto": (11, "[Attribute]"),
    },
    "Node": {"op_type": (4, "text"), "attribute": (5, "[Attribute]"), "domain": (7, "text")},
    "Attribute": {
        "t": (5, "Tensor"),
        "g": (6, "Graph"),
        "tensors": (10, "[Tensor]"),
        "graphs": (11, "[Graph]"),
        "sparse_tensor": (22, "Sparse"),
        "sparse_tensors": (23, "[Sparse]"),
    },
    "Tensor": {
        "name": (8, "text"),
        "external_data": (13, "[Entry]"),
        "data_location": (14, "int"),
    },
    "Entry": {"key": (1, "text"), "value": (2, "text")},
    "Sparse": {"values": (1, "Tensor"), "indices": (2, "Tensor")},
    "ValueInfo": {"name": (1, "text"), "type": (2, "Type")},
    "Type": {
        "tensor_type": (1, "TensorType"),
        "sequence_type": (4, "Other"),
        "map_type": (5, "Other"),
        "sparse_tensor_type": (8, "Other"),
        "optional_type": (9, "Other"),
    },
    "TensorType": {"elem_type": (1, "int"), "shape": (2, "Shape")},
    "Shape": {"dim": (1, "[Dimension]")},
    "Dimension": {"dim_value": (1, "int"), "dim_param": (2, "text")},
    "Other": {},
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="rosenblatt_onnx.proto", package=_PACKAGE, syntax="proto2"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, written) in fields.items():
            kind = written.strip("[]")
            added = message.field.add(name=field, number=number)
            repeated = written != kind
            added.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            if kind in _SCALARS:
                added.type = _SCALARS[kind]
            else:
                added.type = _Field.TYPE_MESSAGE
                added.type_name = f".{_PACKAGE}.{kind}"
    return file


_pool = descriptor_pool.DescriptorPool()
_pool.Add(_file())
# `Model.FromString(bytes)` parses a ModelProto and raises DecodeError for other bytes.
Model: Any = message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.Model"))
