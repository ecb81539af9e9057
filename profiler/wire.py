"""Frames between a process and the child that reads files for it: JSON and plain bytes.

A frame is the length of its header in 8 bytes, big-endian, the header as JSON, and the blobs, whose
lengths stand in the header. Nothing is ever unpickled, so neither side can make the other run code.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

_LENGTH = struct.Struct(">Q")


class FrameError(Exception):
    """The bytes are not a frame, or the frame is larger than allowed."""


class Frame(NamedTuple):
    """header: any JSON object; blobs: raw bytes whose meaning the header gives."""

    header: Mapping[str, Any]
    blobs: Sequence[bytes] = ()


def send(stream: BinaryIO, frame: Frame) -> None:
    """Write one frame.

    Raises:
        OSError: the other side is gone.
    """
    header = {**frame.header, "blobs": [len(blob) for blob in frame.blobs]}
    encoded = json.dumps(header).encode()
    for part in (_LENGTH.pack(len(encoded)), encoded, *frame.blobs):
        stream.write(part)
    stream.flush()


def receive(stream: BinaryIO, most: int) -> Frame:
    """Read one frame of at most `most` bytes; no more than that is held.

    Raises:
        EOFError: the stream ended.
        FrameError: not a frame, or a larger one.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > most:
        raise FrameError(f"the header has {length:,} bytes; the limit is {most:,}")
    try:
        header = json.loads(_exactly(stream, length))
        sizes = header.pop("blobs")
        total = sum(sizes)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise FrameError("the header is not an object with the sizes of its blobs") from error
    if not all(type(size) is int and size >= 0 for size in sizes) or length + total > most:
        raise FrameError(f"the frame has {length + total:,} bytes; the limit is {most:,}")
    return Frame(header, [_exactly(stream, size) for size in sizes])


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the stream ended within a frame")
    return data
