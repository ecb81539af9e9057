"""The product's routes before BentoML's: ahead of its middlewares, or among them.

BentoML's own API endpoints answer 500 or 200 to inputs that deserve a 4xx and have several
shapes of error; what they cannot express (GET, strict JSON, one error body) is answered here.
`Front` wraps BentoML's whole application, or stands where BentoML puts user middleware when the
access log or tracing is wanted, which are BentoML's (docs/decisions/0003 and 0016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from starlette.routing import BaseRoute, Match

from service.http.asgi import Application, ASGIApp, Scope, Send, not_found, reply
from service.http.receive import Message, Receive


class Front:
    """Routes what the product owns; answers in its own way what nobody routes.

    Args:
        app: BentoML's application, or the rest of it.
        product: the product's routes; called per request, for BentoML makes the application
            before the service.
    """

    def __init__(self, app: ASGIApp, product: Callable[[], Application]) -> None:
        self.app = app
        self._product = product
        # Of the whole application; a middleware cannot know the routes behind it.
        self._routes: Iterable[BaseRoute] | None = getattr(app, "routes", None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        product = self._product()
        found = product.find(scope["path"])
        if found is not None or self._nowhere(scope):
            await product.answer(found, scope, receive, send)
        else:
            await self.app(scope, receive, _OneErrorBody(scope, send))

    def _nowhere(self, scope: Scope) -> bool:
        """Whether BentoML routes the path neither; its metrics have a label for every path."""
        if self._routes is None:
            return False
        return all(route.matches(scope)[0] is Match.NONE for route in self._routes)


class _OneErrorBody:
    """Replaces the body of a routing error by the service's own error body."""

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
            document = {"error": f"{path} has no method {method}; GET / lists them"}
        body = reply(document).body
        kept = [(n, v) for n, v in start["headers"] if n == b"allow"]
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *kept,
        ]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _is_text(start: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(b"text/plain")
        for name, value in start.get("headers", [])
    )
