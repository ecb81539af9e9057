"""`infer`: the Open Inference Protocol's inference, tensors in and tensors out."""

from __future__ import annotations

from typing import NamedTuple

from contract.batch import Batch
from service.protocol.request import decode_request
from service.protocol.response import encode_response
from service.protocol.types import InferenceRequest, InferenceResponse
from service.serving.repository import Models
from service.serving.served import Served

# Encoding fewer rows than this takes microseconds.
_LIGHT_ROWS = 64


class InferRequest(NamedTuple):
    """A decoded request and the version that answers it."""

    served: Served
    request: InferenceRequest

    @property
    def light(self) -> bool:
        """True if encoding the answer takes microseconds: few rows, or no JSON to write."""
        return self.request.inputs.rows <= _LIGHT_ROWS or all(
            output.binary and not output.classification for output in self.request.outputs
        )


class Infer:
    """The verb over every loaded version. Safe to call from several threads."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def decode(
        self, name: str, version: str | None, body: bytes, header_length: int | None
    ) -> InferRequest:
        """What a request asks of a model; see `decode_request`.

        Raises:
            ServiceError: there is no such model, or the request is wrong.
        """
        served = self._models.get(name, version)
        return InferRequest(served, decode_request(body, header_length, served.signature))

    def worth_watching(self, request: InferRequest) -> bool:
        """True if the work takes so long that the client may leave before."""
        return request.served.worth_watching(request.request.inputs.rows)

    async def run(self, request: InferRequest) -> Batch:
        """The model's outputs."""
        return await request.served.infer(request.request.inputs)

    def encode(self, request: InferRequest, answer: Batch) -> InferenceResponse:
        """The response, JSON or binary as asked."""
        return encode_response(request.request, answer, request.served.signature)
