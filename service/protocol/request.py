"""Decode `$inference_request`: the body of an infer route to the input tensors of a model."""

from __future__ import annotations

import math

from contract.batch import Batch
from service.errors import InvalidError, MalformedError
from service.protocol.binary import HEADER, Payload
from service.protocol.data import Tensor, decode_data
from service.protocol.datatypes import DATATYPES
from service.protocol.header import (
    REMEMBERED_BYTES,
    decode_header,
    limit_rows,
    remembered_header,
)
from service.protocol.types import InferenceRequest, RequestHeader, RequestInput, Signature

# Search only the start of a broken body: the JSON before binary tensors is short.
_HINT_BYTES = 16 * 1024


def decode_request(
    body: bytes, header_length: int | None, signature: Signature
) -> InferenceRequest:
    """Decode a request.

    Args:
        header_length: bytes of the JSON before the binary tensors; None if the whole body is
            JSON, 0 if the whole body is the tensor of the only input.

    Raises:
        MalformedError: the body is not JSON, or its length does not match its parts.
        InvalidError: a field is unknown or wrong.
        TooLargeError: it has more rows than a request may have.
    """
    if header_length == 0:
        return _raw(body, signature)
    if header_length is None:
        header_length = len(body)
        header = _whole(body, signature)
    elif header_length > len(body):
        raise MalformedError(
            f"{HEADER} is {header_length}, but the body has {len(body)} bytes; it must be the "
            "number of bytes of the JSON"
        )
    elif header_length <= REMEMBERED_BYTES:
        header = remembered_header(body[:header_length], signature)
    else:
        header = decode_header(body[:header_length], signature, "the JSON")
    payload = Payload(body, header_length)
    inputs = {tensor.name: _tensor(tensor, payload, header.booleans) for tensor in header.inputs}
    payload.finish()
    return InferenceRequest(Batch(inputs), header.outputs, header.id)


def _whole(body: bytes, signature: Signature) -> RequestHeader:
    """Decode a body that is all JSON; a broken one may lack the header for binary tensors."""
    try:
        return decode_header(body, signature, "the body")
    except MalformedError as error:
        if b'"binary_data_size"' not in body[:_HINT_BYTES]:
            raise
        raise MalformedError(
            f"{error}; if binary tensors follow the JSON, send its length in the header {HEADER}"
        ) from error


def _tensor(tensor: RequestInput, payload: Payload, booleans: bool) -> Tensor:
    if tensor.binary_size is None:
        where = f"{tensor.where}.data"
        return decode_data(tensor.data, tensor.datatype, tensor.shape, where, booleans=booleans)
    return payload.take(tensor.binary_size, tensor.datatype, tensor.shape, tensor.where)


def _raw(body: bytes, signature: Signature) -> InferenceRequest:
    """Decode a raw binary request: the rows of the only input. The outputs are binary too."""
    spec, *others = signature.inputs.values()
    datatype = DATATYPES[spec.datatype]
    if others or datatype.kind == "bytes":
        raise InvalidError(
            f"{HEADER} is 0, but the shapes of {', '.join(signature.inputs)} do not follow from "
            "the size of the body; send the shapes as JSON"
        )
    row = datatype.dtype.itemsize * math.prod(spec.shape[1:])
    rows, rest = divmod(len(body), row)
    if rest or not rows:
        raise InvalidError(
            f"the body has {len(body)} bytes; {HEADER} is 0, so it must hold rows of {spec.name}, "
            f"{row} bytes each"
        )
    limit_rows(rows, signature.max_rows, "the body")
    payload = Payload(body, 0)
    tensor = payload.take(len(body), datatype, [rows, *spec.shape[1:]], "the body")
    return InferenceRequest(Batch({spec.name: tensor}), signature.all_outputs(binary=True))
