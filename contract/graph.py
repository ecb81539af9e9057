"""The outline of an ONNX graph, for the audit before ONNX Runtime builds it.

The outline covers every node and tensor: those of the graph, of the subgraphs of control flow, of
functions and the defaults of their attributes, of sparse tensors and of training information.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

from contract.errors import GraphError
from contract.onnx_proto import Model
from contract.tensors import TensorSpec

KNOWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_EXTERNAL = 1  # TensorProto.DataLocation

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


@dataclass(frozen=True)
class TensorType:
    """Declared type of an input or output.

    Attributes:
        datatype: an Open Inference Protocol datatype, or ONNX's name of another type.
        shape: -1 for a dimension without a fixed size; None if the rank is not declared.
    """

    datatype: str
    shape: tuple[int, ...] | None

    def allows(self, spec: TensorSpec) -> bool:
        """True if this type admits the datatype and the shape of `spec`."""
        if self.datatype != spec.datatype:
            return False
        if self.shape is None:
            return True
        return len(self.shape) == len(spec.shape) and all(
            declared in (-1, size) for declared, size in zip(self.shape, spec.shape, strict=True)
        )

    def __str__(self) -> str:
        return f"{self.datatype} {'of any shape' if self.shape is None else list(self.shape)}"


@dataclass(frozen=True)
class Outline:
    """The interface of a graph, and everything in it that an audit checks.

    Attributes:
        operators: (domain, type) of every node, including those of functions.
        unknown_operators: operators that are neither standard nor functions of the model.
        external_tensors: names of tensors that are stored outside the file.
        producer: the exporter and its version.
    """

    inputs: Mapping[str, TensorType]
    outputs: Mapping[str, TensorType]
    operators: frozenset[tuple[str, str]]
    unknown_operators: tuple[tuple[str, str], ...]
    external_tensors: tuple[str, ...]
    producer: str

    @property
    def has_trees(self) -> bool:
        """True if the graph holds a tree ensemble."""
        return any(name.startswith("TreeEnsemble") for _, name in self.operators)


@dataclass
class _Findings:
    operators: set[tuple[str, str]] = field(default_factory=set)
    external: list[str] = field(default_factory=list)


def outline(data: bytes) -> Outline:
    """Outline of a serialised ModelProto.

    Raises:
        GraphError: the bytes are not an ONNX model.
    """
    try:
        return _outline(Model.FromString(data))
    except (DecodeError, ValueError) as error:
        raise GraphError("the file is not a readable ONNX model; export it again") from error


def _outline(model: Any) -> Outline:
    if not model.HasField("graph"):
        raise GraphError("the file holds no graph; export the model again")
    found = _walk_model(model)
    own = {(_text(function.domain), _text(function.name)) for function in model.functions}
    unknown = (o for o in found.operators - own if o[0] not in KNOWN_DOMAINS)
    weights = {_text(tensor.name) for tensor in model.graph.initializer}
    return Outline(
        # Before IR version 4 the inputs also listed the weights.
        inputs=_types(i for i in model.graph.input if _text(i.name) not in weights),
        outputs=_types(model.graph.output),
        operators=frozenset(found.operators),
        unknown_operators=tuple(sorted(unknown)),
        external_tensors=tuple(found.external),
        producer=f"{_text(model.producer_name)} {_text(model.producer_version)}".strip(),
    )


def _text(value: str | bytes) -> str:
    """Text of the file, which protobuf gives as bytes where it is not UTF-8."""
    if isinstance(value, bytes):
        raise GraphError("the file holds a name that is not UTF-8; export the model again")
    return value


def _walk_model(model: Any) -> _Findings:
    found = _Findings()
    _walk_graph(model.graph, found)
    for training in model.training_info:
        _walk_graph(training.initialization, found)
        _walk_graph(training.algorithm, found)
    for function in model.functions:
        _walk_nodes(function.node, found)
        _walk_attributes(function.attribute_proto, found)
    return found


def _walk_graph(graph: Any, found: _Findings) -> None:
    _walk_nodes(graph.node, found)
    _walk_tensors(graph.initializer, found)
    _walk_sparse(graph.sparse_initializer, found)


def _walk_nodes(nodes: Iterable[Any], found: _Findings) -> None:
    for node in nodes:
        found.operators.add((_text(node.domain), _text(node.op_type)))
        _walk_attributes(node.attribute, found)


def _walk_attributes(attributes: Iterable[Any], found: _Findings) -> None:
    for attribute in attributes:
        # A valid attribute holds one kind of value; an invalid one may hold several.
        _walk_tensors((attribute.t, *attribute.tensors), found)
        _walk_sparse((attribute.sparse_tensor, *attribute.sparse_tensors), found)
        for graph in (attribute.g, *attribute.graphs):
            _walk_graph(graph, found)


def _walk_tensors(tensors: Iterable[Any], found: _Findings) -> None:
    for tensor in tensors:
        if tensor.external_data or tensor.data_location == _EXTERNAL:
            found.external.append(_text(tensor.name))


def _walk_sparse(tensors: Iterable[Any], found: _Findings) -> None:
    for tensor in tensors:
        _walk_tensors((tensor.values, tensor.indices), found)


def _types(values: Iterable[Any]) -> dict[str, TensorType]:
    return {_text(value.name): _type(value.type) for value in values}


def _type(declared: Any) -> TensorType:
    if not declared.HasField("tensor_type"):
        others = ("sequence", "map", "sparse_tensor", "optional")
        kind = next((o for o in others if declared.HasField(f"{o}_type")), "undeclared")
        return TensorType(kind, None)
    tensor = declared.tensor_type
    datatype = DATATYPES.get(tensor.elem_type, f"ONNX type {tensor.elem_type}")
    if not tensor.HasField("shape"):
        return TensorType(datatype, None)
    dimensions = tensor.shape.dim
    return TensorType(
        datatype, tuple(d.dim_value if d.HasField("dim_value") else -1 for d in dimensions)
    )
