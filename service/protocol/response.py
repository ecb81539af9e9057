"""Encode `$inference_response`: JSON, then the binary tensors in the order of the outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from contract.batch import Batch
from service.protocol.binary import encode_binary
from service.protocol.data import Tensor, encode_data
from service.protocol.datatypes import DATATYPES
from service.protocol.types import InferenceRequest, InferenceResponse, RequestOutput, Signature


def encode_response(
    request: InferenceRequest, outputs: Batch, signature: Signature
) -> InferenceResponse:
    """The response to a request; `outputs` holds every output of the model."""
    rows = outputs.rows
    if request.id is None and (header := _cached_header(tuple(request.outputs), rows, signature)):
        return _binary(header, request.outputs, outputs, signature)
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
    """`$response_output`, and the bytes of the tensor if it is binary."""
    name = signature.outputs[output.name].datatype
    if output.classification:
        name, array = "BYTES", classify(array, signature.labels, output.classification)
    datatype = DATATYPES[name]
    tensor = {"name": output.name, "datatype": name, "shape": array.shape}
    if not output.binary:
        return tensor | {"data": encode_data(array, datatype)}, None
    data = encode_binary(array, datatype)
    return tensor | {"parameters": {"binary_data_size": len(data)}}, data


@lru_cache(maxsize=256)
def _cached_header(
    requested: tuple[RequestOutput, ...], rows: int, signature: Signature
) -> bytes | None:
    """The JSON of a response whose tensors are all binary and of fixed size; None for others."""
    tensors = []
    for output in requested:
        spec = signature.outputs[output.name]
        datatype = DATATYPES[spec.datatype]
        if not output.binary or output.classification or datatype.kind == "bytes":
            return None
        shape = (rows, *spec.shape[1:])
        size = math.prod(shape) * datatype.dtype.itemsize
        tensor = {"name": output.name, "datatype": spec.datatype, "shape": shape}
        tensors.append(tensor | {"parameters": {"binary_data_size": size}})
    return _header(signature, None, tensors)


def _binary(
    header: bytes,
    requested: Sequence[RequestOutput],
    outputs: Batch,
    signature: Signature,
) -> InferenceResponse:
    parts = [header]
    for output in requested:
        datatype = DATATYPES[signature.outputs[output.name].datatype]
        parts.append(encode_binary(outputs[output.name], datatype))
    return InferenceResponse(b"".join(parts), len(header))


def classify(array: Tensor, labels: tuple[str, ...], count: int) -> Tensor:
    """The best classes of each row, best first, as `value:index:label`.

    Equal values are ordered by index. Source: Triton's classification extension.

    Args:
        array: [rows, classes]
        labels: the class names, in the order of the columns.
        count: number of classes to return.

    Returns:
        str objects [rows, count]
    """
    best = np.argsort(-array, axis=1, kind="stable")[:, :count]
    # `str` of a NumPy float is the shortest text that reads back as the same float.
    elements = [
        f"{row[index]!s}:{index}:{labels[index]}"
        for row, indices in zip(array, best, strict=True)
        for index in indices
    ]
    return np.array(elements, object).reshape(best.shape)
