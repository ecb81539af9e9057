"""The application, through httpx: routing, errors and metrics."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults import fault
from tests.kernel.echo import COUNTED, JSON, call


def test_a_body_reaches_its_handler() -> None:
    answer = call("POST", "/echo", content=b"12345", headers=JSON)
    assert (answer.status_code, answer.json()) == (200, {"size": 5})
    assert answer.headers["content-type"] == "application/json"


def test_numpy_is_written_as_json() -> None:
    assert call("GET", "/array").json() == {"row": [0.5, 0.25], "n": 3}


def test_named_parts_of_a_path() -> None:
    assert call("GET", "/things/a-b").json() == {"size": 0, "name": "a-b"}
    assert call("GET", "/things/x/parts/y").json() == {"size": 0, "name": "x", "part": "y"}


def test_head_has_headers_and_no_body() -> None:
    answer = call("HEAD", "/array")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(call("GET", "/array").content))


def test_an_error_has_one_body() -> None:
    answer = call("POST", "/refuse")
    assert answer.status_code == 422
    assert answer.json() == {
        "error": "thing is 3; at most 2",
        "detail": [{"loc": ["thing"], "msg": "thing is 3; at most 2", "type": "invalid"}],
    }


def test_an_unexpected_error_is_a_500_without_details(caplog: pytest.LogCaptureFixture) -> None:
    answer = call("GET", "/fail")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "secret" in caplog.text


@fault("secrets")
def test_an_unexpected_error_is_logged_by_its_route(caplog: pytest.LogCaptureFixture) -> None:
    """Not by the path, the body or the headers, which are the client's."""
    answer = call("POST", "/broken/my-secret", json="my-secret", headers={"x-a": "my-secret"})
    assert answer.status_code == 500
    assert "POST /broken/{name} failed (request " in caplog.text
    assert "it broke down" in caplog.text
    assert "my-secret" not in answer.text + caplog.text


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "message"),
    [
        ("GET", "/nowhere", {}, 404, "no route /nowhere"),
        ("GET", "/things/", {}, 404, "no route"),
        ("GET", "/things/a/b", {}, 404, "no route"),
        ("GET", "/echo", {}, 405, "/echo has no method GET; use POST"),
        ("DELETE", "/array", {}, 405, "use GET or HEAD"),
        (
            "POST",
            "/echo",
            {"content": b"x" * 101},
            413,
            "the body has 101 bytes and the limit is 100",
        ),
        ("POST", "/echo", {"headers": {"content-type": "text/csv"}}, 415, '"text/csv"'),
        ("POST", "/echo", {"headers": {"content-type": "application/jsonl"}}, 415, "jsonl"),
        (
            "POST",
            "/echo",
            {"headers": {"content-type": "application/json; charset=utf-16"}},
            415,
            "in UTF-8",
        ),
        ("POST", "/echo?size=3", {"headers": JSON}, 422, "query parameters are not supported"),
        ("POST", "/echo", {"headers": {"content-encoding": "gzip"}}, 415, "unencoded"),
    ],
)
def test_requests_that_cannot_be_routed_or_read(
    method: str, path: str, options: dict[str, Any], status: int, message: str
) -> None:
    answer = call(method, path, **options)
    assert answer.status_code == status
    assert message in answer.json()["error"]
    if status == 405:
        assert answer.headers["allow"]


def test_an_error_that_cannot_be_encoded_is_a_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = call("POST", "/surrogate", json={})
    assert (answer.status_code, list(answer.json())) == (500, ["error"])
    assert "failed" in caplog.text


def test_requests_are_counted_by_pattern() -> None:
    COUNTED.seen.clear()
    for path in ("/things/a", "/things/b", "/nowhere", "/array"):
        call("GET", path)
    call("POST", "/refuse", json={})
    call("BREW", "/array")
    assert COUNTED.seen == [
        ("/things/{name}", "GET", 200),
        ("/things/{name}", "GET", 200),
        ("/array", "GET", 200),
        ("/refuse", "POST", 422),
        ("/array", "other", 405),
    ]
