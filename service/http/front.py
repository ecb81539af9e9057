"""The middleware that puts the product's routes before BentoML's.

BentoML's own API endpoints answer 500 or 200 to inputs that deserve a 4xx and have several
shapes of error; what they cannot express (GET, strict JSON, one error body) is answered here.
It stands where BentoML puts user middleware, so metrics, tracing, time limit and access log
of BentoML see every request (docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Callable

from service.http.asgi import Application, ASGIApp, Message, Receive, Scope, Send, not_found, reply


class Front:
    """Routes what the product owns; translates BentoML's plain-text 404 and 405."""

    def __init__(self, app: ASGIApp, product: Callable[[], Application]) -> None:
        self._app = app
        self._product = product

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif (product := self._product()).owns(scope["path"]):
            await product(scope, receive, send)
        else:
            await self._app(scope, receive, _OneErrorBody(scope, send))


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
            document = {"error": f"{path} has no method {method}; GET /docs.json lists them"}
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
