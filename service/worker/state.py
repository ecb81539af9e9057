"""What the connections of one worker share."""

from __future__ import annotations

from time import monotonic

from uvicorn.server import ServerState

from service.http.kernel.asgi import ASGIApp
from service.worker.handover import Handover
from service.worker.limits import ConnectionLimits


class State(ServerState):
    """The connections, their limits and where they go.

    Args:
        limits: of each connection, and of all together.
        overload_app: answers on connections over the limit.

    Attributes:
        leaving: the server is about to stop, so a connection is closed after its next answer.
        handover: where idle connections go once the worker is replaced; None while it serves.
    """

    def __init__(self, limits: ConnectionLimits, overload_app: ASGIApp) -> None:
        super().__init__()
        self.limits = limits
        self.overload_app = overload_app
        self.leaving = False
        self.handover: Handover | None = None

    def enforce_limits(self) -> None:
        """Close the connections of clients that are too slow; to be called twice a second."""
        now = monotonic()
        for connection in list(self.connections):
            connection.enforce_limits(now)  # type: ignore[union-attr]
