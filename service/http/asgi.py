"""A small ASGI application: routes by method and path, one error body, a limit on bodies.

Starlette would do the same in more steps per request; this is the hot path (docs/decisions/0003).
A handler takes a Request and returns a Reply, or raises a ServiceError.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeVar

import orjson

from service.errors import (
    BusyError,
    InvalidError,
    MethodError,
    NotFoundError,
    ServiceError,
    SlowBodyError,
    TooLargeError,
)
from service.http.receive import ClientGoneError, Message, Receive, discard, judge, read
from service.http.table import Found, Table
from service.http.within import within
from service.settings import Settings

Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON = "application/json"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

logger = logging.getLogger(__name__)


class Request(NamedTuple):
    """What a handler sees: `parameters` of the path, `headers` with names in lower case."""

    body: bytes
    parameters: Mapping[str, str]
    content_type: str = ""
    receive: Receive | None = None
    headers: Sequence[tuple[bytes, bytes]] = ()

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header, or None where it was not sent."""
        for found, value in self.headers:
            if found == name:
                return value
        return None

    async def unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """Await the work, and cancel it when the client closes the connection.

        Costs a task: for work that may wait.

        Raises:
            ClientGoneError: the client left; nobody waits for an answer.
        """
        task = asyncio.current_task()
        if self.receive is None or task is None:
            return await work
        gone = False

        async def watch(receive: Receive) -> None:
            # The body was read whole, so the next message is that of the client's leaving.
            nonlocal gone
            await receive()
            gone = True
            task.cancel()

        watching = asyncio.ensure_future(watch(self.receive))
        try:
            return await work
        except asyncio.CancelledError:
            if gone and task.uncancel() == 0:
                raise ClientGoneError from None
            raise
        finally:
            watching.cancel()


class Reply(NamedTuple):
    """What a handler returns: a body, JSON unless said, and how it went."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = _NO_HEADERS
    content_type: str = JSON


def reply(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply of any JSON document; NumPy arrays are written as JSON arrays."""
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Reply(body, status, headers or _NO_HEADERS)


Handler = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True)
class Limits:
    """What requests may cost.

    body_bytes: of one body; body_seconds: to send it; pending: requests with a body at a time;
    pending_bytes: of all their bodies together.
    """

    body_bytes: int
    body_seconds: float = 10.0
    pending: int = 256
    pending_bytes: int = 64 * 2**20

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the settings give."""
        return cls(
            settings.max_body_bytes,
            settings.timeout_seconds,
            settings.max_pending_requests,
            settings.max_pending_bytes,
        )


@dataclass(frozen=True)
class Route:
    """`path` may hold named parts: `/models/{name}`.

    `media_types` are those of a POST's body; `max_body_bytes` replaces the application's limit;
    `admit` may refuse before the body is read; `says` is one line for the index.
    """

    method: str
    path: str
    handler: Handler
    media_types: tuple[str, ...] = (JSON,)
    max_body_bytes: int | None = None
    admit: Callable[[], None] | None = None
    says: str = ""


class Observer(Protocol):
    """Who counts requests, by the route's pattern: as many labels as there are routes."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answered request."""


class Application:
    """The routes as an ASGI application; `find` says whether a path is among them.

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
        self._bytes = 0
        self.find = Table(routes).find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        await self.answer(self.find(scope["path"]), scope, receive, send)

    async def answer(
        self, found: Found[Route] | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request whose path was looked up already."""
        started = time.perf_counter()
        try:
            answer = await self._guarded(found, scope, receive)
        except ClientGoneError:
            return
        await _send(answer, scope["method"], send)
        if self._observer is not None and found is not None:
            method = scope["method"] if scope["method"] in found.methods else "other"
            seconds = time.perf_counter() - started
            self._observer.request(found.pattern, method, answer.status, seconds)

    async def _guarded(self, found: Found[Route] | None, scope: Scope, receive: Receive) -> Reply:
        """The answer, or the one error body."""
        try:
            try:
                return await self._answer(found, scope, receive)
            except ServiceError as error:
                return reply(error.body(), error.status, error.headers)
        except ClientGoneError:
            raise
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            return reply({"error": "the service failed to answer; its log says why"}, 500)

    async def _answer(self, found: Found[Route] | None, scope: Scope, receive: Receive) -> Reply:
        if found is None:
            raise not_found(scope["path"])
        methods, _, parameters = found
        route = methods.get(scope["method"])
        if route is None:
            raise MethodError(
                f"{scope['path']} has no method {scope['method'][:20]}; use {' or '.join(methods)}",
                headers={"allow": ", ".join(methods)},
            )
        if route.method != "POST":
            return await route.handler(Request(b"", parameters))
        if scope.get("query_string"):
            raise InvalidError("the query string is not read; put its fields into the body")
        limit = route.max_body_bytes or self._limits.body_bytes
        try:
            content_type, size = judge(scope["headers"], route.media_types, limit)
        except TooLargeError as error:
            if "connection" not in error.headers:
                await discard(receive, self._limits.body_seconds)
            raise
        self._admit(route, size)
        self._pending += 1
        self._bytes += size
        try:
            body = await self._body(receive, limit)
            return await route.handler(
                Request(body, parameters, content_type, receive, scope["headers"])
            )
        finally:
            self._pending -= 1
            self._bytes -= size

    def _admit(self, route: Route, size: int) -> None:
        """Turn a request away before its body is read, where too much is held already."""
        if self._pending >= self._limits.pending:
            raise BusyError(
                f"{self._pending} requests are being answered and at most {self._limits.pending} "
                "may; try again in a moment",
                headers={"retry-after": "1"},
            )
        if self._bytes and self._bytes + size > self._limits.pending_bytes:
            raise BusyError(
                f"bodies of {self._bytes} bytes are held and at most {self._limits.pending_bytes} "
                "may; try again in a moment",
                headers={"retry-after": "1"},
            )
        if route.admit is not None:
            route.admit()

    async def _body(self, receive: Receive, limit: int) -> bytes:
        try:
            return await within(self._limits.body_seconds, read(receive, limit))
        except TimeoutError as error:
            raise SlowBodyError(
                f"the body did not arrive within {self._limits.body_seconds:g} s; send it faster",
                headers={"connection": "close"},
            ) from error


def not_found(path: str) -> NotFoundError:
    """The error for a path that nobody routes."""
    return NotFoundError(f"there is no route {path[:200]}; GET / lists them")


async def _send(answer: Reply, method: str, send: Send) -> None:
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})
