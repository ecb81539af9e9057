"""`$inference_response`: JSON, then the binary tensors in its order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from service.protocol.binary import encode_binary
from service.protocol.data import Tensor, encode_data
from service.protocol.datatypes import DATATYPES
from service.protocol.types import InferenceRequest, InferenceResponse, RequestOutput, Signature


def encode_response(
    request: InferenceRequest, outputs: Mapping[str, Tensor], signature: Signature
) -> InferenceResponse:
    """The response to a request; `outputs` holds every output of the model."""
    if request.id is None and all(_sized(output, signature) for output in request.outputs):
        return _binary(request.outputs, outputs, signature)
    tensors = []
    payload: list[bytes] = []
    for output in request.outputs:
        tensor, data = _encode(output, outputs[output.name], signature)
        tensors.append(tensor)
        if data is not None:
            payload.append(data)
    header = _header(signature, request.id, tensors)
    if not payload:
        return InferenceResponse(header)
    return InferenceResponse(b"".join((header, *payload)), len(header))


def _header(signature: Signature, id_: str | None, tensors: list[dict[str, Any]]) -> bytes:
    """`$inference_response`."""
    document: dict[str, Any] = {
        "model_name": signature.name,
        "model_version": signature.version,
    }
    if id_ is not None:
        document["id"] = id_
    document["outputs"] = tensors
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def _encode(
    output: RequestOutput, array: Tensor, signature: Signature
) -> tuple[dict[str, Any], bytes | None]:
    """`$response_output`, and the bytes that follow where it is binary."""
    name = signature.outputs[output.name].datatype
    if output.classification:
        name, array = "BYTES", classify(array, signature.labels, output.classification)
    datatype = DATATYPES[name]
    tensor = {"name": output.name, "datatype": name, "shape": array.shape}
    if not output.binary:
        return tensor | {"data": encode_data(array, datatype)}, None
    data = encode_binary(array, datatype)
    return tensor | {"parameters": {"binary_data_size": len(data)}}, data


def _sized(output: RequestOutput, signature: Signature) -> bool:
    """Whether the rows alone say how many bytes an output has."""
    kind = DATATYPES[signature.outputs[output.name].datatype].kind
    return output.binary and not output.classification and kind != "bytes"


def _binary(
    asked: Sequence[RequestOutput], outputs: Mapping[str, Tensor], signature: Signature
) -> InferenceResponse:
    """Such outputs alone: their JSON says nothing that the number of rows does not."""
    arrays = [outputs[output.name] for output in asked]
    header = _remembered_header(tuple(asked), len(arrays[0]), signature)
    payload = [
        encode_binary(array, DATATYPES[signature.outputs[output.name].datatype])
        for output, array in zip(asked, arrays, strict=True)
    ]
    return InferenceResponse(b"".join((header, *payload)), len(header))


@lru_cache(maxsize=256)
def _remembered_header(asked: tuple[RequestOutput, ...], rows: int, signature: Signature) -> bytes:
    tensors = []
    for output in asked:
        spec = signature.outputs[output.name]
        shape = (rows, *spec.shape[1:])
        size = math.prod(shape) * DATATYPES[spec.datatype].dtype.itemsize
        tensor = {"name": output.name, "datatype": spec.datatype, "shape": shape}
        tensors.append(tensor | {"parameters": {"binary_data_size": size}})
    return _header(signature, None, tensors)


def classify(array: Tensor, labels: tuple[str, ...], count: int) -> Tensor:
    """The best classes of each row, best first, as `value:index:label`.

    Triton's classification extension. Of equal values the lower index comes first.

    Args:
        array: [rows, classes]

    Returns:
        bytes [rows, count]
    """
    best = np.argsort(-array, axis=1, kind="stable")[:, :count]
    # `str` of a NumPy float is the shortest text that reads back as the same float.
    elements = [
        f"{row[index]!s}:{index}:{labels[index]}".encode()
        for row, indices in zip(array, best, strict=True)
        for index in indices
    ]
    return np.array(elements, object).reshape(best.shape)
