"""Answers to requests that do not reach the application."""

from __future__ import annotations

import httptools
import pytest

from service.worker.refusal import refusal_of, response


class Exhausted:
    """Callbacks of a parser for which there is no memory."""

    def on_header(self, name: bytes, value: bytes) -> None:
        raise MemoryError


def test_a_request_without_memory_is_told_when_to_try_again() -> None:
    with pytest.raises(httptools.HttpParserCallbackError) as raised:
        httptools.HttpRequestParser(Exhausted()).feed_data(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    lines = response(refusal_of(raised.value), [(b"date", b"now")]).split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 503 Service Unavailable"
    assert b"date: now" in lines
    assert b"retry-after: 1" in lines
