"""A small ASGI application: routes by method and path, limits on bodies, one error body.

Starlette does the same in more steps per request, and this is the hot path (docs/decisions/0003).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from service.errors import BusyError, MethodError, NotFoundError, ServiceError, TooLargeError
from service.http.kernel.admission import Admission, Limits
from service.http.kernel.asgi import Receive, Scope, Send
from service.http.kernel.disconnect import ClientDisconnected
from service.http.kernel.messages import Reply, Request, reply, send_reply
from service.http.kernel.query import parse_query
from service.http.kernel.receive import (
    awaits_continue,
    check_headers,
    discard_body,
    read_body,
)
from service.http.kernel.route import Route
from service.http.kernel.router import Match, Router
from service.logs import request_id

logger = logging.getLogger(__name__)


class RequestMetrics(Protocol):
    """Counts requests by the route's pattern: as many labels as there are routes."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""

    def write(self) -> None:
        """Make everything that was counted readable."""


class Application:
    """Routes as an ASGI application; `find` looks up a path.

    Args:
        routes: what is routed.
        limits: what a request may cost.
        metrics: called for every answered request of a known path.
    """

    def __init__(
        self, routes: Sequence[Route], limits: Limits, metrics: RequestMetrics | None = None
    ) -> None:
        self._limits = limits
        self._metrics = metrics
        self._admission = Admission(limits)
        self.find = Router(routes).find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        await self.answer(self.find(scope["path"]), scope, receive, send)

    def write_metrics(self) -> None:
        """Make everything that was counted readable for who reads metrics elsewhere."""
        if self._metrics is not None:
            self._metrics.write()

    async def answer(
        self, match: Match[Route] | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one HTTP request whose path was looked up already."""
        started = time.perf_counter()
        try:
            answer = await self._reply(match, scope, receive)
        except ClientDisconnected:
            return
        await send_reply(answer, scope, send)
        if self._metrics is not None and match is not None:
            seconds = time.perf_counter() - started
            method, pattern = _label(match, scope)
            self._metrics.request(pattern, method, answer.status, seconds)

    async def _reply(self, match: Match[Route] | None, scope: Scope, receive: Receive) -> Reply:
        """The handler's reply, or that of an error."""
        try:
            try:
                route, parameters = _route(match, scope)
                if route.method == "POST":
                    return await self._post(route, parameters, scope, receive)
                return await route.handler(_get(route, parameters, scope))
            except ServiceError as error:
                return reply(error.body(), error.status, error.headers)
        except ClientDisconnected:
            raise
        except MemoryError as error:
            logger.error(
                "%s %s failed: there is no memory for it (%s; request %s); raise the limit of the "
                "process, or lower ROSENBLATT_MAX_PENDING_BYTES",
                *_label(match, scope), str(error) or "Python's", request_id.get(),
            )  # fmt: skip
            return _no_memory()
        except Exception:
            # The route's pattern and a method that it has: the path is the client's.
            logger.exception("%s %s failed (request %s)", *_label(match, scope), request_id.get())
            return reply({"error": "the service failed to answer; its log says why"}, 500)

    async def _post(
        self, route: Route, parameters: Mapping[str, str], scope: Scope, receive: Receive
    ) -> Reply:
        """Check, admit and read the body, then call the handler."""
        query = parse_query(scope.get("query_string", b""), route.query)
        headers, limits, admission = scope["headers"], self._limits, self._admission
        max_bytes = route.max_body_bytes or limits.body_bytes
        try:
            content_type, size = check_headers(headers, route.media_types, max_bytes)
        except TooLargeError as error:
            if "connection" not in error.headers and not awaits_continue(headers):
                await discard_body(receive, limits.body_seconds)
            raise
        admission.enter(size)
        try:
            if route.admit is not None:
                route.admit()
            body = await read_body(receive, max_bytes, limits.body_seconds)
            return await route.handler(
                Request(body, parameters, content_type, receive, headers, query)
            )
        finally:
            admission.leave(size)


def _no_memory() -> Reply:
    """The answer to a request for which there is no memory at the moment."""
    error = BusyError(
        "the service has no memory left for this request; send less, or try again in a moment",
        headers={"retry-after": "1"},
    )
    return reply(error.body(), error.status, error.headers)


def _label(match: Match[Route] | None, scope: Scope) -> tuple[str, str]:
    """The method and the route's pattern, as metrics and logs name them."""
    if match is None:
        return "other", "-"
    return scope["method"] if scope["method"] in match.methods else "other", match.pattern


def _route(match: Match[Route] | None, scope: Scope) -> tuple[Route, Mapping[str, str]]:
    """The route of a request's method, and the named parts of its path."""
    if match is None:
        raise not_found(scope["path"])
    route = match.methods.get(scope["method"])
    if route is None:
        raise MethodError(
            f"{scope['path'][:200]} has no method {scope['method'][:20]}; "
            f"use {' or '.join(match.methods)}",
            headers={"allow": ", ".join(match.methods)},
        )
    return route, match.parameters


def _get(route: Route, parameters: Mapping[str, str], scope: Scope) -> Request:
    """A request without a body; its query is read if the route has one, and else ignored."""
    headers = scope["headers"]
    if not route.query:
        return Request(b"", parameters, headers=headers)
    query = parse_query(scope.get("query_string", b""), route.query)
    return Request(b"", parameters, headers=headers, query=query)


def not_found(path: str) -> NotFoundError:
    """The error for a path without a route."""
    return NotFoundError(f"there is no route {path[:200]}; GET /docs lists them")
