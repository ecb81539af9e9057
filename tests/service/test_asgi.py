"""The ASGI application, spoken to in its own protocol and through httpx."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route as StarletteRoute

from service.errors import InvalidError
from service.http.asgi import Application, Limits, Reply, Request, Route, reply
from service.http.front import Front
from service.http.receive import ClientGoneError
from service.settings import Settings

JSON = {"content-type": "application/json"}
UTF16 = {"content-type": "application/json; charset=utf-16"}


async def echo(request: Request) -> Reply:
    return reply({"size": len(request.body), **request.parameters})


async def array(_: Request) -> Reply:
    return reply({"row": np.array([0.5, 0.25], np.float32), "n": np.int64(3)})


async def refuse(_: Request) -> Reply:
    raise InvalidError("thing is 3; at most 2", loc=["thing"])


async def surrogate(_: Request) -> Reply:
    raise InvalidError("thing is \ud800")


async def fail(_: Request) -> Reply:
    raise KeyError("secret")


class Observed:
    """Remembers the requests it is told of."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.seen.append((route, method, status))


OBSERVED = Observed()
APPLICATION = Application(
    [
        Route("POST", "/echo", echo),
        Route("GET", "/array", array),
        Route("POST", "/refuse", refuse),
        Route("POST", "/surrogate", surrogate),
        Route("GET", "/fail", fail),
        Route("GET", "/things/{name}", echo),
        Route("GET", "/things/{name}/parts/{part}", echo),
    ],
    Limits(body_bytes=100, body_seconds=0.2, pending=3, pending_bytes=250),
    OBSERVED,
)


def call(method: str, path: str, **options: Any) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(APPLICATION)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **options)

    return asyncio.run(go())


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


def test_what_nobody_foresaw_is_a_500_that_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    answer = call("GET", "/fail")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "message"),
    [
        ("GET", "/nowhere", {}, 404, "no route /nowhere"),
        ("GET", "/things/", {}, 404, "no route"),
        ("GET", "/things/a/b", {}, 404, "no route"),
        ("GET", "/echo", {}, 405, "/echo has no method GET; use POST"),
        ("DELETE", "/array", {}, 405, "use GET or HEAD"),
        ("POST", "/echo", {"content": b"x" * 101}, 413, "101 bytes or more, and at most 100"),
        ("POST", "/echo", {"headers": {"content-type": "text/csv"}}, 415, '"text/csv"'),
        ("POST", "/echo", {"headers": {"content-type": "application/jsonl"}}, 415, "jsonl"),
        (
            "POST",
            "/echo",
            {"headers": {"content-type": "application/json; charset=utf-16"}},
            415,
            "in UTF-8",
        ),
        ("POST", "/echo?size=3", {"headers": JSON}, 422, "the query string is not read"),
        ("POST", "/echo", {"headers": {"content-encoding": "gzip"}}, 415, "unencoded"),
    ],
)
def test_what_cannot_be_routed_or_read(
    method: str, path: str, options: dict[str, Any], status: int, message: str
) -> None:
    answer = call(method, path, **options)
    assert answer.status_code == status
    assert message in answer.json()["error"]
    if status == 405:
        assert answer.headers["allow"]


def speak(messages: list[dict[str, Any]], headers: list[tuple[bytes, bytes]]) -> list[Any]:
    """One POST /echo whose body arrives in these messages; returns what was sent back."""
    queue, sent = list(messages), []

    async def receive() -> Any:
        return queue.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/echo", "headers": headers}
    asyncio.run(APPLICATION(scope, receive, send))
    return sent


def part(data: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def test_a_chunked_body_is_joined() -> None:
    sent = speak([part(b"a" * 40), part(b"b" * 60), part(b"", more=False)], [])
    assert sent[1]["body"] == b'{"size":100}'


def test_a_chunked_body_is_counted() -> None:
    sent = speak([part(b"a" * 40), part(b"b" * 61)], [])
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]


def test_a_client_that_left_gets_nothing() -> None:
    assert speak([part(b"a"), {"type": "http.disconnect"}], []) == []


def behind(method: str, path: str) -> httpx.Response:
    """Ask the front before an application like BentoML's."""

    async def page(_: object) -> PlainTextResponse:
        return PlainTextResponse("page")

    inner = Starlette(routes=[StarletteRoute("/page", page)])
    front = Front(inner, lambda: APPLICATION)

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(front)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path)

    return asyncio.run(go())


def test_the_front_routes_its_own_and_passes_on_the_rest() -> None:
    assert behind("GET", "/array").json()["n"] == 3
    assert behind("GET", "/page").text == "page"


def test_the_front_gives_routing_errors_the_one_body() -> None:
    assert behind("GET", "/nowhere").json()["error"].startswith("there is no route /nowhere")
    answer = behind("POST", "/page")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.json()["error"] == "/page has no method POST; GET / lists them"


def test_requests_are_counted_by_pattern() -> None:
    OBSERVED.seen.clear()
    for path in ("/things/a", "/things/b", "/nowhere", "/array"):
        call("GET", path)
    call("POST", "/refuse", json={})
    call("BREW", "/array")
    assert OBSERVED.seen == [
        ("/things/{name}", "GET", 200),
        ("/things/{name}", "GET", 200),
        ("/array", "GET", 200),
        ("/refuse", "POST", 422),
        ("/array", "other", 405),
    ]


async def slowly(
    seconds: float, *messages: dict[str, Any], headers: Sequence[tuple[bytes, bytes]] = ()
) -> list[Any]:
    """POST /echo; what stands behind the first message comes so many seconds later."""
    sent: list[Any] = []
    waiting = list(messages)

    async def receive() -> Any:
        if len(waiting) < max(len(messages), 2):
            await asyncio.sleep(seconds)
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/echo", "headers": headers}
    await APPLICATION(scope, receive, send)
    return sent


@pytest.mark.parametrize("charset", ["utf-8", '"UTF-8"', "us-ascii"])
def test_json_may_say_that_it_is_utf8(charset: str) -> None:
    headers = {"content-type": f"Application/JSON; charset={charset}"}
    assert call("POST", "/echo", content=b"{}", headers=headers).status_code == 200


def crowd(*requests: Any) -> tuple[list[int], str]:
    """The statuses of requests sent at once, and the last error."""

    async def together() -> list[Any]:
        return list(await asyncio.gather(*requests))

    answers = asyncio.run(together())
    statuses = sorted(sent[0]["status"] for sent in answers)
    errors = [sent[1]["body"].decode() for sent in answers if sent[0]["status"] != 200]
    return statuses, errors[-1]


def test_bodies_that_together_are_too_large_are_turned_away() -> None:
    wide = part(b"1" * 90, more=False)
    statuses, error = crowd(*(slowly(0.1, wide) for _ in range(3)))
    assert statuses == [200, 200, 503]
    assert "bodies of 200 bytes are held and at most 250 may" in error


def test_an_error_that_cannot_be_written_is_an_error_still(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = call("POST", "/surrogate", json={})
    assert (answer.status_code, list(answer.json())) == (500, ["error"])
    assert "failed" in caplog.text


def test_a_body_that_does_not_arrive_is_given_up() -> None:
    sent = asyncio.run(slowly(1, part(b"12"), part(b"34", more=False)))
    assert sent[0]["status"] == 408
    assert b"did not arrive within 0.2 s" in sent[1]["body"]


def test_more_requests_than_may_be_pending_are_turned_away() -> None:
    size, small = [(b"content-length", b"1")], part(b"1", more=False)
    statuses, error = crowd(*(slowly(0.1, small, headers=size) for _ in range(5)))
    assert statuses == [200, 200, 200, 503, 503]
    assert "3 requests are being answered and at most 3 may" in error
    assert call("POST", "/echo", content=b"1", headers=JSON).status_code == 200


def test_work_is_cancelled_when_the_client_leaves() -> None:
    cancelled = asyncio.Event()

    async def work() -> int:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return 1

    async def go() -> None:
        async def gone() -> Any:
            await asyncio.sleep(0.01)
            return {"type": "http.disconnect"}

        with pytest.raises(ClientGoneError):
            await Request(b"", {}, receive=gone).unless_gone(work())
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0  # whoever waits for it is not cancelled too
        await asyncio.sleep(0)
        assert cancelled.is_set()

    async def stays() -> None:
        async def quick() -> int:
            return 7

        async def never() -> Any:
            await asyncio.Future()

        assert await Request(b"", {}, receive=never).unless_gone(quick()) == 7
        assert await Request(b"", {}).unless_gone(quick()) == 7

    async def both() -> None:
        async def gone() -> Any:
            return {"type": "http.disconnect"}

        task = asyncio.ensure_future(Request(b"", {}, receive=gone).unless_gone(work()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()  # by the server that ends, in the turn in which the client left
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    asyncio.run(stays())
    asyncio.run(both())


def test_every_limit_is_the_setting_s() -> None:
    settings = Settings(
        max_body_bytes=5000, timeout_seconds=3.0, max_pending_requests=7, max_pending_bytes=9000
    )
    assert Limits.of(settings) == Limits(5000, 3.0, 7, 9000)
