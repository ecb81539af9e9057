"""Frames between a process and its child."""

from __future__ import annotations

import io
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiler.wire import Frame, FrameError, receive, send

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v, max_size=3)
)


def sent(frame: Frame) -> bytes:
    stream = io.BytesIO()
    send(stream, frame)
    return stream.getvalue()


@given(
    st.dictionaries(st.text().filter(lambda name: name != "blobs"), values, max_size=3),
    st.lists(st.binary(max_size=20), max_size=3),
)
def test_what_is_sent_is_received(header: dict[str, object], blobs: list[bytes]) -> None:
    data = sent(Frame(header, blobs))
    stream = io.BytesIO(data * 2)
    for _ in range(2):
        received = receive(stream, len(data))
        assert received.header == header
        assert list(received.blobs) == blobs


@given(st.integers(0, 200))
def test_a_stream_that_ends_early(size: int) -> None:
    data = sent(Frame({"a": "x" * 90}, [b"y" * 90]))
    with pytest.raises(EOFError):
        receive(io.BytesIO(data[:size]), 10_000)


def test_a_frame_larger_than_allowed_is_not_read() -> None:
    data = sent(Frame({"a": 1}, [b"y" * 1000]))
    receive(io.BytesIO(data), 1100)
    stream = io.BytesIO(data)
    with pytest.raises(FrameError, match="the limit is 1,000"):
        receive(stream, 1000)
    assert len(stream.read()) == 1000
    with pytest.raises(FrameError, match=r"header has 4,294,967,296 bytes; the limit is 1,000"):
        receive(io.BytesIO(struct.pack(">Q", 2**32)), 1000)


@pytest.mark.parametrize(
    "header",
    [b"{", b"[]", b"{}", b"\xff", b'{"blobs": 1}', b'{"blobs": [-1]}', b'{"blobs": [1.5]}',
     b'{"blobs": [true]}', b'{"blobs": ["x"]}', b'{"blobs": [[]]}', b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_frame(header: bytes) -> None:
    with pytest.raises(FrameError):
        receive(io.BytesIO(struct.pack(">Q", len(header)) + header), 10**6)


def test_nothing_is_pickled() -> None:
    data = sent(Frame({"a": 1}, [b"x"]))
    assert json.loads(data[8:-1]) == {"a": 1, "blobs": [1]}
