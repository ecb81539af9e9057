"""Decode the JSON of a request: its input tensors and the outputs it asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from contract.messages import describe, short
from contract.tensors import TensorSpec
from service.errors import InvalidError, TooLargeError
from service.protocol import schema
from service.protocol.datatypes import DATATYPES
from service.protocol.outputs import decode_outputs
from service.protocol.parameters import decode_parameters, flag
from service.protocol.types import RequestHeader, RequestInput, Signature
from service.strict_json import may_hold_booleans, optional_string, parse_object, refuse_unknown

# The specification has four fields. Triton's examples of the binary extension also send the
# model's name and version; they are accepted if they match the path.
_REQUEST = frozenset(schema.InferenceRequest.__annotations__)
_INPUT = frozenset(schema.RequestInput.__annotations__)
_EXAMPLE = '{"inputs": [{"name": ..., "shape": [...], "datatype": ..., "data": [...]}]}'
# JSON before binary tensors is the same in every request of a client, so its decoding is cached.
# Longer JSON probably holds data.
REMEMBERED_BYTES = 512


def decode_header(text: bytes, signature: Signature, what: str) -> RequestHeader:
    """Decode the JSON of a request.

    Args:
        text: the JSON, without the binary tensors that follow it.
        what: names `text` in messages: `the body` or `the JSON`.

    Raises:
        MalformedError: it is not a JSON object.
        InvalidError: a field is unknown or wrong.
        TooLargeError: it has more rows than a request may have.
    """
    document = parse_object(text, _EXAMPLE, what)
    refuse_unknown(document, _REQUEST)
    _same(document, "model_name", signature.name)
    _same(document, "model_version", signature.version)
    parameters = decode_parameters(document, "parameters")
    binary = flag(parameters, "binary_data_output", "parameters")
    return RequestHeader(
        _inputs(document.get("inputs"), signature),
        decode_outputs(document.get("outputs"), binary or False, signature),
        optional_string(document, "id"),
        booleans=may_hold_booleans(text),
    )


@lru_cache(maxsize=256)
def remembered_header(text: bytes, signature: Signature) -> RequestHeader:
    """`decode_header` with a cache, for short JSON before binary tensors."""
    return decode_header(text, signature, "the JSON")


def _same(document: dict[str, Any], field: str, routed: str) -> None:
    if document.get(field) not in (None, routed):
        raise InvalidError(
            f"{field} is {describe(document[field])}, but the path names {short(routed)}; leave "
            "it out"
        )


def _inputs(inputs: Any, signature: Signature) -> tuple[RequestInput, ...]:
    """The input tensors of a request, which must be exactly those of the model."""
    if type(inputs) is not list:
        raise InvalidError(f"inputs is {describe(inputs)}; it must be an array of input tensors")
    if len(inputs) > len(signature.inputs):
        raise InvalidError(
            f"inputs holds {len(inputs)} tensors; {signature.name} takes "
            f"{', '.join(signature.inputs)}, each once"
        )
    found: dict[str, RequestInput] = {}
    for i, tensor in enumerate(inputs):
        where = f"inputs[{i}]"
        spec = _spec(tensor, where, signature)
        if spec.name in found:
            raise InvalidError(f"{where}.name is {short(spec.name)} a second time; send it once")
        found[spec.name] = _input(tensor, spec, where, signature.max_rows)
    for name in signature.inputs:
        if name not in found:
            raise InvalidError(f"inputs lacks {short(name)}; {signature.name} needs it")
    if len({tensor.shape[0] for tensor in found.values()}) > 1:
        rows = ", ".join(f"{tensor.shape[0]} in {name}" for name, tensor in found.items())
        raise InvalidError(f"inputs hold different numbers of rows: {rows}; send as many in each")
    return tuple(found.values())


def _spec(tensor: Any, where: str, signature: Signature) -> TensorSpec:
    """The manifest's description of the tensor that a request names."""
    if type(tensor) is not dict:
        raise InvalidError(f"{where} is {describe(tensor)}; it must be an object with a name")
    refuse_unknown(tensor, _INPUT, where)
    name = tensor.get("name")
    spec = signature.inputs.get(name) if type(name) is str else None
    if spec is None:
        raise InvalidError(
            f"{where}.name is {describe(name)}; {signature.name} takes "
            f"{', '.join(signature.inputs)}"
        )
    return spec


def _input(tensor: dict[str, Any], spec: TensorSpec, where: str, max_rows: int) -> RequestInput:
    if tensor.get("datatype") != spec.datatype:
        raise InvalidError(
            f"{where}.datatype is {describe(tensor.get('datatype'))}; {spec.name} takes "
            f"{spec.datatype}"
        )
    shape = _shape(tensor.get("shape"), spec, where, max_rows)
    size = decode_parameters(tensor, f"{where}.parameters").get("binary_data_size")
    if size is not None and "data" in tensor:
        raise InvalidError(
            f"{where} has data and the parameter binary_data_size; send the tensor once"
        )
    return RequestInput(spec.name, DATATYPES[spec.datatype], shape, where, size, tensor.get("data"))


def _shape(shape: Any, spec: TensorSpec, where: str, max_rows: int) -> tuple[int, ...]:
    """A shape that the manifest's shape allows; its first dimension is the batch."""
    integers = type(shape) is list and all(type(size) is int for size in shape)
    if not integers or tuple(shape[1:]) != spec.shape[1:] or not shape or shape[0] < 1:
        shown = short(shape) if integers and len(shape) <= 16 else describe(shape)
        raise InvalidError(
            f"{where}.shape is {shown}; {spec.name} takes {list(spec.shape)}, where -1 is one row "
            "or more"
        )
    limit_rows(shape[0], max_rows, f"{where}.shape")
    return tuple(shape)


def limit_rows(rows: int, max_rows: int, where: str) -> None:
    """Check the number of rows of a request.

    Raises:
        TooLargeError: there are more than `max_rows`.
    """
    if rows > max_rows:
        raise TooLargeError(
            f"{where} has {rows} rows; at most {max_rows} are allowed per request, send them in "
            "several"
        )
