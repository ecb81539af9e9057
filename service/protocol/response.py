"""`$inference_response`: JSON, then the binary tensors in its order."""

from __future__ import annotations

from collections.abc import Mapping
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
    document: dict[str, Any] = {
        "model_name": signature.name,
        "model_version": signature.version,
    }
    if request.id is not None:
        document["id"] = request.id
    tensors = []
    payload: list[bytes] = []
    for output in request.outputs:
        tensor, data = _encode(output, outputs[output.name], signature)
        tensors.append(tensor)
        if data is not None:
            payload.append(data)
    document["outputs"] = tensors
    header = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    if not payload:
        return InferenceResponse(header)
    return InferenceResponse(b"".join((header, *payload)), len(header))


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
