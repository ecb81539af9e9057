"""The routes about the routes: `GET /`, and the OpenAPI document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from service import __version__
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.openapi import Info, openapi
from service.http.kernel.operation import Operation, Response, ok
from service.http.kernel.route import Route
from service.http.schema import RouteList

TEXT = "text/plain"
_INFO = Info(
    "Rosenblatt",
    __version__,
    "Serves classical and deep models side by side, and knows which to use. HEAD is answered "
    "wherever GET is. Errors are one sentence in `error`; a path that is not listed is 404, a "
    "method that is not listed 405.",
)

# Answered by BentoML, behind the product's routes.
BENTOML = (
    Operation(
        "GET", "/livez", summary="200 while the process answers",
        responses={200: Response("The process answers.", {TEXT: str})},
    ),
    Operation(
        "GET", "/healthz", summary="the same",
        responses={200: Response("The process answers.", {TEXT: str})},
    ),
    Operation(
        "GET", "/metrics", summary="Prometheus metrics",
        responses={200: Response("Metrics in the text format of Prometheus.", {TEXT: str})},
    ),
    Operation(
        "GET", "/schema.json", summary="what BentoML's client reads",
        responses=ok(dict[str, Any], "The POST verbs as BentoML describes them."),
    ),
)  # fmt: skip


def index_routes(routes: Sequence[Route]) -> list[Route]:
    """The routes that describe `routes` and themselves."""
    operations: list[Operation] = [*routes]

    def listed() -> Any:
        return {
            "service": "rosenblatt",
            "routes": [
                {"method": o.method, "path": o.path, "summary": o.summary} for o in operations
            ],
        }

    def document() -> Any:
        return openapi(operations, _INFO)

    described = [
        _once("/", listed, RouteList, "this list"),
        _once("/openapi.json", document, dict[str, Any], "OpenAPI of every route"),
        _once("/docs.json", document, dict[str, Any], "the same"),
    ]
    operations += [*described, *BENTOML]
    return described


def _once(path: str, make: Callable[[], Any], body: Any, summary: str) -> Route:
    """A route whose body is made when it is first asked for, on a thread: it takes 100 ms."""

    @cache
    def answer() -> Reply:
        return reply(make())

    async def show(_: Request) -> Reply:
        return await asyncio.to_thread(answer)

    return Route("GET", path, show, summary=summary, responses=ok(body))
