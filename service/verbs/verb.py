"""What every verb is: decode a body, run it, encode the answer."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Verb(Protocol[Q, A]):
    """One verb over the loaded models.

    `decode` and `encode` are safe on any thread; `run` belongs to the event loop.
    """

    def decode(self, body: bytes) -> Q:
        """The request in a JSON body.

        Raises:
            ServiceError: of the kind that fits.
        """

    def worth_watching(self, request: Q) -> bool:
        """True if the work takes so long that the client may leave before."""

    async def run(self, request: Q) -> A:
        """Do the work."""

    def encode(self, request: Q, answer: A) -> Any:
        """The answer as a JSON document; arrays may stand in it."""
