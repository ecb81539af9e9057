"""Compression of answers that are made for each request."""

from __future__ import annotations

import gzip

import pytest

from service.http.kernel.compress import LEAST_BYTES, compressed
from service.http.kernel.messages import Reply, Request

LONG = b'{"name": "digits-cnn"}' * 100


def request(coding: bytes | None) -> Request:
    headers = [] if coding is None else [(b"accept-encoding", coding)]
    return Request(b"", {}, headers=headers)


def test_a_long_answer_is_sent_as_gzip() -> None:
    found = compressed(Reply(LONG, 201, {"x-kept": "yes"}), request(b"br, gzip"))
    assert gzip.decompress(found.body) == LONG
    assert len(found.body) < len(LONG) / 4
    assert found.headers == {
        "x-kept": "yes",
        "vary": "accept-encoding",
        "content-encoding": "gzip",
    }
    assert found.status == 201


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (LONG, None),
        (LONG, b"br"),
        (LONG, b"gzip;q=0"),
        (b"x" * (LEAST_BYTES - 1), b"gzip"),
    ],
)
def test_others_are_sent_as_they_are(body: bytes, coding: bytes | None) -> None:
    found = compressed(Reply(body), request(coding))
    assert (found.body, found.headers) == (body, {"vary": "accept-encoding"})
