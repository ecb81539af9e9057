"""Bodies that arrive in parts, late, or too many at a time, in ASGI's own messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from tests.faults import fault
from tests.kernel.echo import APPLICATION, JSON, call

Receive = Callable[[], Awaitable[Any]]
Headers = Sequence[tuple[bytes, bytes]]


def part(data: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


async def post(receive: Receive, headers: Headers = ()) -> list[Any]:
    """POST /echo; returns the messages that were sent back."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/echo", "headers": headers}
    await APPLICATION(scope, receive, send)
    return sent


def arriving(*messages: dict[str, Any]) -> Receive:
    """A body that arrives in these messages; after the last one, nothing comes."""
    waiting = list(messages)

    async def receive() -> Any:
        return waiting.pop(0) if waiting else await asyncio.Future()

    return receive


def test_a_chunked_body_is_joined() -> None:
    body = arriving(part(b"a" * 40), part(b"b" * 60), part(b"", more=False))
    assert asyncio.run(post(body))[1]["body"] == b'{"size":100}'


@fault("large-body")
def test_a_chunked_body_is_limited() -> None:
    sent = asyncio.run(post(arriving(part(b"a" * 40), part(b"b" * 61))))
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]
    assert b"at least 101 bytes and the limit is 100" in sent[1]["body"]


def test_a_client_that_disconnects_gets_no_answer() -> None:
    assert asyncio.run(post(arriving(part(b"a"), {"type": "http.disconnect"}))) == []


@fault("slow-clients")
def test_a_body_that_does_not_arrive_in_time_is_408() -> None:
    sent = asyncio.run(post(arriving(part(b"12"))))
    assert sent[0]["status"] == 408
    assert b"did not arrive within 0.2 s" in sent[1]["body"]


@pytest.mark.parametrize("charset", ["utf-8", '"UTF-8"', "us-ascii"])
def test_json_may_name_utf8_as_its_charset(charset: str) -> None:
    headers = {"content-type": f"Application/JSON; charset={charset}"}
    assert call("POST", "/echo", content=b"{}", headers=headers).status_code == 200


def at_once(requests: int, body: bytes, headers: Headers = ()) -> tuple[list[int], str]:
    """The statuses of requests in progress together, and the error of those that were refused.

    No body arrives before every refusal has been sent.
    """

    async def go() -> list[list[Any]]:
        arrive = asyncio.Event()

        async def receive() -> Any:
            await arrive.wait()
            return part(body, more=False)

        tasks = [asyncio.ensure_future(post(receive, headers)) for _ in range(requests)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        arrive.set()
        return await asyncio.gather(*tasks)

    answers = asyncio.run(go())
    errors = {sent[1]["body"].decode() for sent in answers if sent[0]["status"] != 200}
    (error,) = errors
    return [sent[0]["status"] for sent in answers], error


def test_bodies_that_are_too_large_together_are_refused() -> None:
    """Without a content-length, each body counts as 100 bytes."""
    statuses, error = at_once(3, b"1" * 90)
    assert statuses == [200, 200, 503]
    assert "bodies of 200 bytes are in memory and the limit is 250" in error


def test_too_many_requests_at_a_time_are_refused() -> None:
    statuses, error = at_once(5, b"1", [(b"content-length", b"1")])
    assert statuses == [200, 200, 200, 503, 503]
    assert "3 requests are in progress and the limit is 3" in error
    assert call("POST", "/echo", content=b"1", headers=JSON).status_code == 200
