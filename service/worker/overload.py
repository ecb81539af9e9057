"""The application as connections over the limit see it: monitoring, and 503 for all else."""

from __future__ import annotations

from collections.abc import Callable

from service.errors import BusyError
from service.http.kernel.asgi import ASGIApp, Receive, Scope, Send
from service.http.kernel.messages import reply, send_reply
from service.http.kernel.receive import awaits_continue, discard_body

# How long and how much of a refused body is read, so that the client sees the answer.
_BODY_SECONDS, _BODY_BYTES = 2.0, 16 * 2**20


class OverloadApp:
    """An ASGI application that passes on only requests of monitoring systems.

    They must not take an overloaded worker for a dead one.

    Args:
        app: the application.
        is_monitoring: True for the paths that are passed on.
        most: connections that a worker may have, for the message.
    """

    def __init__(self, app: ASGIApp, is_monitoring: Callable[[str], bool], most: int) -> None:
        self._app = app
        self._is_monitoring = is_monitoring
        self._error = BusyError(
            f"this worker has more than {most} connections, which is the limit; try again in a "
            "moment",
            headers={"retry-after": "1", "connection": "close"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._is_monitoring(scope["path"]):
            await self._app(scope, receive, send)
        else:
            if not awaits_continue(scope["headers"]):
                await discard_body(receive, _BODY_SECONDS, _BODY_BYTES)
            error = self._error
            await send_reply(reply(error.body(), error.status, error.headers), scope, send)
