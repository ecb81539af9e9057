"""Limits on the requests held at a time, checked before a body is read."""

from __future__ import annotations

from dataclasses import dataclass

from service.errors import BusyError


@dataclass(frozen=True)
class Limits:
    """What requests may cost.

    Attributes:
        body_bytes: largest body.
        body_seconds: longest time a body may take to arrive.
        pending: most requests with a body at a time.
        pending_bytes: most bytes of all their bodies together.
    """

    body_bytes: int
    body_seconds: float = 10.0
    pending: int = 256
    pending_bytes: int = 64 * 2**20


class Admission:
    """Counts the requests that hold a body. Used from the event loop only."""

    def __init__(self, limits: Limits) -> None:
        self._max_pending = limits.pending
        self._max_bytes = limits.pending_bytes
        self._pending = 0
        self._bytes = 0

    def enter(self, size: int) -> None:
        """Count a request with a body of `size` bytes; `leave` must follow.

        A body is always admitted while no other is held, however large.

        Raises:
            BusyError: a limit would be exceeded; the request is not counted.
        """
        if self._pending >= self._max_pending:
            raise BusyError(
                f"{self._pending} requests are in progress and the limit is {self._max_pending}; "
                "try again in a moment",
                headers={"retry-after": "1"},
            )
        if self._bytes and self._bytes + size > self._max_bytes:
            raise BusyError(
                f"request bodies of {self._bytes} bytes are in memory and the limit is "
                f"{self._max_bytes}; try again in a moment",
                headers={"retry-after": "1"},
            )
        self._pending += 1
        self._bytes += size

    def leave(self, size: int) -> None:
        """Count a request as done."""
        self._pending -= 1
        self._bytes -= size
