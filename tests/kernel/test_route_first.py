"""The middleware in front of an application like BentoML's."""

from __future__ import annotations

import asyncio

import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from service.http.kernel.route_first import RouteFirst
from tests.kernel.echo import APPLICATION


def behind(method: str, path: str) -> httpx.Response:
    """Send a request to the middleware; the application behind it has one route, GET /page."""

    async def page(_: object) -> PlainTextResponse:
        return PlainTextResponse("page")

    inner = Starlette(routes=[Route("/page", page)])
    routed = RouteFirst(inner, lambda: APPLICATION)

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(routed)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path)

    return asyncio.run(go())


def test_known_paths_are_answered_and_others_passed_on() -> None:
    assert behind("GET", "/array").json()["n"] == 3
    assert behind("GET", "/page").text == "page"


def test_routing_errors_have_the_service_s_error_body() -> None:
    assert behind("GET", "/nowhere").json()["error"].startswith("there is no route /nowhere")
    answer = behind("POST", "/page")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.json()["error"] == "/page has no method POST; GET /docs lists the routes"
