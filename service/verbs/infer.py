"""`infer`: inference by the Open Inference Protocol, from tensors to tensors."""

from __future__ import annotations

from typing import NamedTuple

from contract.batch import Batch
from service.protocol.request import decode_request
from service.protocol.response import encode_response
from service.protocol.types import InferenceRequest, InferenceResponse
from service.serving.repository import Choose
from service.serving.served import Served

# Encoding fewer rows than this takes microseconds.
_LIGHT_ROWS = 64


class InferRequest(NamedTuple):
    """A decoded request and the version that serves it."""

    served: Served
    request: InferenceRequest

    @property
    def light(self) -> bool:
        """True if encoding the response takes microseconds: few rows, or only binary tensors."""
        return self.request.inputs.rows <= _LIGHT_ROWS or all(
            output.binary and not output.classification for output in self.request.outputs
        )


class Infer:
    """The verb over every loaded version. `decode` and `encode` are thread-safe.

    Args:
        choose: the version that serves a request.
    """

    def __init__(self, choose: Choose) -> None:
        self._choose = choose

    def decode(
        self, name: str, version: str | None, body: bytes, header_length: int | None
    ) -> InferRequest:
        """Decode the body of a request; see `decode_request` for its arguments and errors.

        Args:
            name: the model.
            version: None for the default version, or that of a rollout.

        Raises:
            NotFoundError: there is no such model or version.
            UnavailableError: it was refused at load, or is unloaded.
        """
        served = self._choose(name, version)
        return InferRequest(served, decode_request(body, header_length, served.signature))

    def worth_watching(self, request: InferRequest) -> bool:
        """True if the work takes so long that the client may leave meanwhile."""
        return request.served.worth_watching(request.request.inputs.rows)

    async def run(self, request: InferRequest) -> Batch:
        """The model's outputs."""
        return await request.served.infer(request.request.inputs, "rows")

    def encode(self, request: InferRequest, answer: Batch) -> InferenceResponse:
        """The response, with each output as JSON or binary as requested."""
        return encode_response(request.request, answer, request.served.signature)
