"""Foreign hosts and pages of other origins, on every route of real servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.faults import fault
from tests.repositories import tiny_repository
from tests.server import serve

ALLOWED = "https://app.example"
FOREIGN = (
    {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "https://evil.example"},  # a browser without the newer headers
    {"origin": "null", "sec-fetch-site": "cross-site"},  # a page in a sandbox
    {"origin": f"{ALLOWED}.evil.example", "sec-fetch-site": "cross-site"},
    {"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-site"},  # of another local server
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},  # a script or a picture
)
HOSTS = ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example")
# Routes of BentoML that the document leaves out, and a path without a route.
OTHERS = (("GET", "/static_content/x"), ("GET", "/nowhere"), ("POST", "/nowhere"))
SOUND = {"name": "gamma", "version": "1", "id": "R3", "file": "page.css"}


class Open(NamedTuple):
    """A server without keys, and every method and path that it has."""

    client: httpx.Client
    routes: list[tuple[str, str]]


@pytest.fixture(scope="module", params=[None, "service.app:Rosenblatt"], ids=["own", "bentoml"])
def open_(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Open]:
    """Our own server, then `bentoml serve`; one setting allows one origin."""
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(tiny_repository(tmp_path_factory.mktemp("open") / "models")),
        "ROSENBLATT_DEFAULT_MODEL": "alpha",
        "ROSENBLATT_CORS_ORIGINS": ALLOWED,
    }
    with serve(request.param, **settings) as server, server.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
        routes = [
            (method.upper(), re.sub(r"\{(\w+)\}", lambda part: SOUND.get(part[1], "x"), path))
            for path, item in paths.items()
            for method in item
        ]
        assert {("GET", "/metrics"), ("GET", "/schema.json"), ("POST", "/predict")} <= {*routes}
        yield Open(client, [*routes, *OTHERS])


def error_of(answer: httpx.Response) -> str:
    assert set(answer.json()) == {"error"}
    return str(answer.json()["error"])


@fault("strangers")
@pytest.mark.parametrize("host", HOSTS)
def test_a_foreign_host_is_refused_on_every_route(open_: Open, host: str) -> None:
    for method, path in open_.routes:
        answer = open_.client.request(method, path, headers={"host": host})
        assert answer.status_code == 421, (method, path)
        assert "does not answer for the host" in error_of(answer)


@fault("strangers")
@pytest.mark.parametrize("page", FOREIGN, ids=str)
def test_a_page_of_another_origin_is_refused_on_every_route(
    open_: Open, page: dict[str, str]
) -> None:
    for method, path in open_.routes:
        answer = open_.client.request(method, path, headers=page)
        assert answer.status_code == 403, (method, path)
        assert "may not use this service" in error_of(answer)
        asked = open_.client.options(
            path, headers={**page, "access-control-request-method": method}
        )
        assert asked.status_code == 403, path
        for found in (answer, asked):
            assert "access-control-allow-origin" not in found.headers


@fault("strangers")
def test_a_page_of_the_allowed_origin_may_use_every_route(open_: Open) -> None:
    page = {"origin": ALLOWED, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    for method, path in open_.routes:
        asked = open_.client.options(
            path,
            headers={
                **page,
                "access-control-request-method": method,
                "access-control-request-headers": "content-type,authorization",
            },
        )
        assert (asked.status_code, asked.content) == (204, b""), path
        assert method in asked.headers["access-control-allow-methods"]
        for name in ("content-type", "authorization"):
            assert name in asked.headers["access-control-allow-headers"]
        answer = open_.client.request(method, path, headers=page)
        assert answer.status_code not in (403, 421), (method, path)
        for found in (asked, answer):  # the page may read errors as well
            assert found.headers.get_list("access-control-allow-origin") == [ALLOWED], path
            assert "origin" in found.headers["vary"].lower()


@fault("strangers")
def test_a_program_needs_no_origin(open_: Open) -> None:
    for method, path in open_.routes:
        answer = open_.client.request(method, path)
        assert answer.status_code not in (403, 421), (method, path)
        assert "access-control-allow-origin" not in answer.headers
