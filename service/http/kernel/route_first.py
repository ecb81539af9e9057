"""A middleware that answers the product's routes and passes other paths to the wrapped app.

It wraps BentoML's whole application, so that requests skip BentoML's middlewares. If the access
log or tracing is on, which are BentoML's, it stands among them instead (docs/decisions/0003, 0016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from starlette.routing import BaseRoute
from starlette.routing import Match as StarletteMatch

from service.http.kernel.application import Application, not_found
from service.http.kernel.asgi import ASGIApp, Message, Receive, Scope, Send
from service.http.kernel.messages import reply


class RouteFirst:
    """ASGI middleware; gives the wrapped app's routing errors the service's error body.

    Args:
        app: BentoML's application, or the middlewares that follow.
        product: returns the product's application. Called per request, because BentoML builds its
            middlewares before the service.
    """

    def __init__(self, app: ASGIApp, product: Callable[[], Application]) -> None:
        self.app = app
        self._product = product
        # Only a whole application has routes; a middleware cannot know those behind it.
        self._routes: Iterable[BaseRoute] | None = getattr(app, "routes", None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection or pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        product = self._product()
        match = product.find(scope["path"])
        if match is not None or self._is_unrouted(scope):
            await product.answer(match, scope, receive, send)
        else:
            product.write_metrics()  # BentoML answers /metrics
            await self.app(scope, receive, _OneErrorBody(scope, send))

    def _is_unrouted(self, scope: Scope) -> bool:
        """True if the wrapped app has no route for the path either.

        Such a path must not reach BentoML: its metrics keep a label for every path.
        """
        if self._routes is None:
            return False
        return all(route.matches(scope)[0] is StarletteMatch.NONE for route in self._routes)


class _OneErrorBody:
    """Replaces the plain text of a routing error by the service's error body."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._replaced = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in (404, 405):
            self._replaced = _is_text(message)
            if self._replaced:
                await self._replace(message)
                return
        if not self._replaced:
            await self._send(message)

    async def _replace(self, start: Message) -> None:
        path, method = self._scope["path"], self._scope["method"]
        if start["status"] == 404:
            document = not_found(path).body()
        else:
            document = {"error": f"{path} has no method {method}; GET /docs lists the routes"}
        body = reply(document).body
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *((name, value) for name, value in start["headers"] if name == b"allow"),
        ]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _is_text(start: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(b"text/plain")
        for name, value in start.get("headers", [])
    )
