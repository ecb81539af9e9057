"""One model version's requests and responses: bytes to images, an answer to bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.inference.repository import Models
from service.inference.session import Answer, Session
from service.protocol.data import Tensor
from service.protocol.request import decode_request
from service.protocol.response import encode_response
from service.protocol.types import InferenceRequest, InferenceResponse, Signature


class Asked(NamedTuple):
    """A decoded request and the session that answers it."""

    session: Session
    signature: Signature
    request: InferenceRequest

    @property
    def images(self) -> NDArray[np.uint8]:
        """uint8 [rows, height, width], a view of the request's bytes where they were binary."""
        return self.request.inputs[self.session.manifest.inputs[0].name]

    @property
    def light(self) -> bool:
        """Whether encoding the answer takes microseconds: few rows, or no JSON to write."""
        return len(self.images) <= 64 or all(
            output.binary and not output.classification for output in self.request.outputs
        )


class Codec:
    """Decodes and encodes for every loaded version. Safe to call from several threads.

    Args:
        max_rows: most rows of a request.
    """

    def __init__(self, models: Models, max_rows: int) -> None:
        self._models = models
        self._signatures: Mapping[int, Signature] = {
            id(session): Signature(session.manifest, max_rows)
            for versions in models.sessions.values()
            for session in versions.values()
        }

    def decode(
        self, name: str, version: str | None, body: bytes, header_length: int | None
    ) -> Asked:
        """What a request asks of a model; see `decode_request`.

        Raises:
            ServiceError: there is no such model, or the request is wrong.
        """
        session = self._models.get(name, version)
        signature = self._signatures[id(session)]
        return Asked(session, signature, decode_request(body, header_length, signature))

    def encode(self, asked: Asked, answer: Answer) -> InferenceResponse:
        """The response to what was asked."""
        outputs: dict[str, Tensor] = {"label": answer.label, "probabilities": answer.probabilities}
        return encode_response(asked.request, outputs, asked.signature)
