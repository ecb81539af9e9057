"""The interface of the verbs: decode a body, run the request, encode the answer."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Verb(Protocol[Q, A]):
    """One verb over the loaded models.

    `decode` and `encode` are thread-safe; `run` belongs to the event loop.
    """

    def decode(self, body: bytes) -> Q:
        """Decode a JSON body.

        Raises:
            ServiceError: the body is wrong, or no model can serve it.
        """

    def worth_watching(self, request: Q) -> bool:
        """True if the work takes so long that the client may leave meanwhile."""

    async def run(self, request: Q) -> A:
        """Do the work."""

    def encode(self, request: Q, answer: A) -> Any:
        """The response as a JSON document; it may hold NumPy arrays."""
