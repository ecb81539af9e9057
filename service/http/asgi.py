"""A small ASGI application: routes by method and path, one error body, a limit on bodies.

Starlette would do the same in more steps per request; this is the hot path (docs/decisions/0003).
A handler takes a Request and returns a Reply, or raises a ServiceError.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import orjson

from service.errors import (
    BusyError,
    MediaTypeError,
    MethodError,
    NotFoundError,
    ServiceError,
    SlowBodyError,
    TooLargeError,
)
from service.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON = (b"content-type", b"application/json")

logger = logging.getLogger(__name__)


class ClientGoneError(Exception):
    """The client closed the connection before its body was read; nobody waits for an answer."""


@dataclass(frozen=True)
class Request:
    """What a handler sees. `parameters` are the named parts of the path."""

    body: bytes
    parameters: Mapping[str, str]
    content_type: str = ""
    receive: Receive | None = None

    async def unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """Await the work, and cancel it when the client closes the connection.

        Costs two tasks: for work that may wait.

        Raises:
            ClientGoneError: the client left; nobody waits for an answer.
        """
        if self.receive is None:
            return await work
        doing = asyncio.ensure_future(work)
        # The body was read whole, so the next message is that of the client's leaving.
        leaving = asyncio.ensure_future(self.receive())
        try:
            await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            raise ClientGoneError
        finally:
            doing.cancel()
            leaving.cancel()


@dataclass(frozen=True)
class Reply:
    """What a handler returns: JSON text, and how it went."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def reply(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply of any JSON document; NumPy arrays are written as JSON arrays."""
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Reply(body, status, headers or {})


Handler = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True)
class Limits:
    """What a request may cost: bytes of its body, seconds to send it, requests at a time."""

    body_bytes: int
    body_seconds: float = 10.0
    pending: int = 256

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the settings give."""
        return cls(settings.max_body_bytes, settings.timeout_seconds, settings.max_pending_requests)


@dataclass(frozen=True)
class Route:
    """`path` may hold named parts: `/models/{name}`.

    `media_type` is that of a POST's body; `max_body_bytes` replaces the application's limit.
    """

    method: str
    path: str
    handler: Handler
    media_type: str = "application/json"
    max_body_bytes: int | None = None


Found = tuple[dict[str, Route], Mapping[str, str]] | None


class Observer(Protocol):
    """Who counts requests, by the route's pattern: as many labels as there are routes."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answered request."""


class Application:
    """The routes as an ASGI application; `owns` says which paths are among them.

    Args:
        routes: what is routed.
        limits: what a request may cost.
        observer: told of every answered request.
    """

    def __init__(
        self, routes: Sequence[Route], limits: Limits, observer: Observer | None = None
    ) -> None:
        self._limits = limits
        self._observer = observer
        self._pending = 0
        self._static: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        for path in dict.fromkeys(route.path for route in routes):
            methods = {route.method: route for route in routes if route.path == path}
            if "GET" in methods:
                methods.setdefault("HEAD", methods["GET"])
            if "{" in path:
                pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
                self._patterns.append((re.compile(pattern), methods))
            else:
                self._static[path] = methods

    def owns(self, path: str) -> bool:
        """Whether some method of this path is routed here."""
        return self._find(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        started = time.perf_counter()
        found = self._find(scope["path"])
        self._pending += 1
        try:
            answer = await self._answer(found, scope, receive)
        except ServiceError as error:
            answer = reply(error.body(), error.status, error.headers)
        except ClientGoneError:
            return
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            answer = reply({"error": "the service failed to answer; its log says why"}, 500)
        finally:
            self._pending -= 1
        await _send(answer, scope["method"], send)
        if self._observer is not None and found is not None:
            route = next(iter(found[0].values()))
            method = scope["method"] if scope["method"] in found[0] else "other"
            seconds = time.perf_counter() - started
            self._observer.request(route.path, method, answer.status, seconds)

    async def _answer(self, found: Found, scope: Scope, receive: Receive) -> Reply:
        if found is None:
            raise not_found(scope["path"])
        methods, parameters = found
        route = methods.get(scope["method"])
        if route is None:
            raise MethodError(
                f"{scope['path']} has no method {scope['method']}; use {' or '.join(methods)}",
                headers={"allow": ", ".join(methods)},
            )
        if route.method != "POST":
            return await route.handler(Request(b"", parameters))
        if self._pending > self._limits.pending:
            raise BusyError(
                f"{self._pending} requests are being answered and at most {self._limits.pending} "
                "may; try again in a moment",
                headers={"retry-after": "1", "connection": "close"},
            )
        limit = route.max_body_bytes or self._limits.body_bytes
        content_type = _judge(scope["headers"], route.media_type, limit)
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                body = await _read(receive, limit)
        except TimeoutError as error:
            raise SlowBodyError(
                f"the body did not arrive within {self._limits.body_seconds:g} s; send it faster",
                headers={"connection": "close"},
            ) from error
        return await route.handler(Request(body, parameters, content_type, receive))

    def _find(self, path: str) -> Found:
        if methods := self._static.get(path):
            return methods, {}
        for pattern, methods in self._patterns:
            if match := pattern.fullmatch(path):
                return methods, match.groupdict()
        return None


def not_found(path: str) -> NotFoundError:
    """The error for a path that nobody routes."""
    return NotFoundError(f"there is no route {path}; GET /docs.json lists them")


def _judge(headers: Sequence[tuple[bytes, bytes]], media_type: str, limit: int) -> str:
    """The content type, where the headers announce a body that can be read."""
    content_type = ""
    for name, value in headers:
        if name == b"content-length" and int(value) > limit:
            raise _too_large(int(value), limit)
        if name == b"content-type":
            content_type = value.decode("latin-1")
            if not content_type.lower().startswith(media_type):
                raise MediaTypeError(f"content-type is {content_type!r}; send {media_type}")
        if name == b"content-encoding" and value.lower() != b"identity":
            raise MediaTypeError(
                f"content-encoding is {value.decode('latin-1')!r}; send the body unencoded"
            )
    return content_type


async def _read(receive: Receive, limit: int) -> bytes:
    """The whole body."""
    message = await receive()
    if not message.get("more_body", False):
        return _part(message, 0, limit)
    parts = [_part(message, 0, limit)]
    size = len(parts[0])
    while message.get("more_body", False):
        message = await receive()
        parts.append(_part(message, size, limit))
        size += len(parts[-1])
    return b"".join(parts)


def _part(message: Message, size: int, limit: int) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    part: bytes = message.get("body", b"")
    if size + len(part) > limit:
        raise _too_large(size + len(part), limit)
    return part


def _too_large(size: int, limit: int) -> TooLargeError:
    return TooLargeError(
        f"the body is {size} bytes or more, and at most {limit} are read; send less at once",
        # The rest of the body is not read, so the connection cannot be used again.
        headers={"connection": "close"},
    )


async def _send(answer: Reply, method: str, send: Send) -> None:
    headers = [_JSON, (b"content-length", str(len(answer.body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})
