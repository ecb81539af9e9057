"""What is refused before a route is known is in the OpenAPI document too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import jsonschema_rs
import pytest

from service.http.kernel.openapi import COMMON_REFUSALS
from tests.http.raw import Answer, RawClient, exchange
from tests.repositories import tiny_repository
from tests.server import Server, serve

CONNECTIONS = 8
# Routes of the product and of BentoML.
PATHS = ("/predict", "/models", "/schema.json")
REQUESTS = {
    400: b"{line}\r\n\r\n",
    403: b"{line}\r\nhost: localhost\r\norigin: http://evil.example\r\n\r\n",
    408: b"{line}\r\nhost: localhost\r\n",
    417: b"{line}\r\nhost: localhost\r\nexpect: the-impossible\r\n\r\n",
    421: b"{line}\r\nhost: evil.example\r\n\r\n",
    431: b"{line}\r\nhost: localhost\r\nx: " + b"y" * 2048 + b"\r\n\r\n",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(tiny_repository(tmp_path_factory.mktemp("front") / "models")),
        "ROSENBLATT_DEFAULT_MODEL": "alpha",
        "ROSENBLATT_HEADER_SECONDS": "0.3",
        "ROSENBLATT_MAX_HEADER_BYTES": "1024",
        "ROSENBLATT_MAX_CONNECTIONS": str(CONNECTIONS),
        "ROSENBLATT_KEEP_ALIVE_SECONDS": "60",
    }
    with serve(**settings) as running:
        yield running


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    with server.client() as client:
        found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def method_of(path: str) -> str:
    return "POST" if path == "/predict" else "GET"


def check(document: dict[str, Any], path: str, answer: Answer) -> None:
    """Raise AssertionError if an answer to a path is not as documented."""
    responses = document["paths"][path][method_of(path).lower()]["responses"]
    response = responses[str(answer.status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"][answer.headers["content-type"]]["schema"]
    whole = {**schema, "components": document["components"]}
    jsonschema_rs.Draft202012Validator(whole).validate({"error": answer.error})
    assert ("retry-after" in answer.headers) <= ("Retry-After" in response.get("headers", {}))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("status", REQUESTS)
def test_a_refusal_is_documented(
    server: Server, document: dict[str, Any], status: int, path: str
) -> None:
    line = f"{method_of(path)} {path} HTTP/1.1".encode()
    answer = exchange(server, REQUESTS[status].replace(b"{line}", line))
    assert answer.status == status
    check(document, path, answer)


@pytest.mark.parametrize("path", PATHS)
def test_too_many_connections_are_documented(
    server: Server, document: dict[str, Any], path: str
) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            client = stack.enter_context(RawClient(server))
            client.send(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert client.answer().status == 200
        request = f"{method_of(path)} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"
        answer = exchange(server, request.encode())
    assert answer.status == 503
    check(document, path, answer)


def test_every_refusal_before_routing_is_provoked() -> None:
    assert {*REQUESTS, 503} == set(COMMON_REFUSALS)
