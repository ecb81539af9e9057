"""The application as connections beyond the limit see it: health, and 503 for all else."""

from __future__ import annotations

from service.errors import BusyError
from service.http.kernel.asgi import ASGIApp, Receive, Scope, Send
from service.http.kernel.messages import reply, send_reply

# Monitoring must not take a crowded worker for a dead one.
_HEALTH = frozenset({"/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"})


class HealthOnly:
    """An ASGI application that passes only requests for health and metrics on.

    Args:
        app: the application.
        most: connections that a worker may have, for the message.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._error = BusyError(
            f"this worker has more than {most} connections, which is the limit; try again in a "
            "moment",
            headers={"retry-after": "1", "connection": "close"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["path"] in _HEALTH:
            await self._app(scope, receive, send)
        else:
            error = self._error
            await send_reply(reply(error.body(), error.status, error.headers), scope, send)
