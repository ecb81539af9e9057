"""What a connection may cost before its request reaches the application."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits of one worker's connections.

    Attributes:
        header_seconds: longest time from the first byte of a request, or from the connection, to
            the end of the headers.
        keep_alive_seconds: longest time between two requests of a connection.
        stall_seconds: longest time in which a client reads nothing of its answer.
        header_bytes: most bytes of a request line and headers.
        connections: most connections at a time.
    """

    header_seconds: float = 10.0
    keep_alive_seconds: float = 5.0
    stall_seconds: float = 10.0
    header_bytes: int = 65_536
    connections: int = 1024
