"""The routes about the routes: the page at `/`, `/docs`, and the OpenAPI document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from service import __version__
from service.http.kernel.messages import JSON, Reply, Request, reply
from service.http.kernel.negotiate import preferred
from service.http.kernel.openapi import Info, openapi
from service.http.kernel.operation import Operation, Response, ok
from service.http.kernel.route import Route
from service.http.kernel.static import StaticFile
from service.http.models_schema import RouteList
from service.http.web import HTML, NOT_MODIFIED, READ_HEADERS, Web

TEXT = "text/plain"
_INFO = Info(
    "Rosenblatt",
    __version__,
    "Serves classical and deep models side by side, and knows which to use. HEAD is answered "
    "wherever GET is. Errors are one sentence in `error`; a path that is not listed is 404, a "
    "method that is not listed 405. A page of another origin is answered 403, a foreign Host 421.",
)

# Answered by BentoML, behind the product's routes.
BENTOML = (
    Operation(
        "GET", "/livez", summary="200 while the process answers", public=True, monitoring=True,
        responses={200: Response("The process answers.", {TEXT: str})},
    ),
    Operation(
        "GET", "/healthz", summary="the same", public=True, monitoring=True,
        responses={200: Response("The process answers.", {TEXT: str})},
    ),
    Operation(
        "GET", "/metrics", summary="Prometheus metrics", monitoring=True,
        responses={200: Response("Metrics in the text format of Prometheus.", {TEXT: str})},
    ),
    Operation(
        "GET", "/schema.json", summary="what BentoML's client reads",
        responses=ok(dict[str, Any], "The POST verbs as BentoML describes them."),
    ),
)  # fmt: skip


def index_routes(routes: Sequence[Route], web: Web, *, secured: bool = False) -> list[Route]:
    """The page, its files, and the routes that describe `routes` and themselves.

    Args:
        secured: API keys are needed.
    """
    operations: list[Operation] = [*routes]

    def listed() -> Any:
        return {
            "service": "rosenblatt",
            "routes": [
                {"method": o.method, "path": o.path, "summary": o.summary} for o in operations
            ],
        }

    def document() -> Any:
        return openapi(operations, _INFO, secured=secured)

    described = [
        _page("/", web.page("index"), listed, "the page; as JSON the list of all routes"),
        _page("/docs", web.page("docs"), listed, "the routes explained; as JSON the same list"),
        web.route(),
        _once("/openapi.json", document, dict[str, Any], "OpenAPI of every route"),
        _once("/docs.json", document, dict[str, Any], "the same"),
    ]
    operations += [*described, *BENTOML]
    return described


def _page(path: str, page: StaticFile, make: Callable[[], Any], summary: str) -> Route:
    """HTML for browsers and, for clients that do not prefer it, JSON."""

    @cache
    def listed() -> StaticFile:
        return StaticFile(reply(make()).body, JSON, {"vary": "accept, accept-encoding"})

    async def show(request: Request) -> Reply:
        wanted = preferred(request.header(b"accept"), (JSON, HTML))
        return (page if wanted == HTML else listed()).reply(request)

    content = {JSON: RouteList, HTML: str}
    return Route(
        "GET",
        path,
        show,
        summary=summary,
        public=True,
        headers=READ_HEADERS,
        responses={200: Response("HTML, or the routes as JSON.", content), **NOT_MODIFIED},
    )


def _once(path: str, make: Callable[[], Any], body: Any, summary: str) -> Route:
    """A route whose body is made when it is first asked for, on a thread: it takes 100 ms."""

    @cache
    def document() -> StaticFile:
        return StaticFile(reply(make()).body, JSON, {"vary": "accept-encoding"})

    async def show(request: Request) -> Reply:
        return (await asyncio.to_thread(document)).reply(request)

    return Route(
        "GET",
        path,
        show,
        summary=summary,
        headers=READ_HEADERS,
        responses={**ok(body), **NOT_MODIFIED},
    )
