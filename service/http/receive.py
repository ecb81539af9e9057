"""The body of a request: judged by its headers, then read, or dropped where it is too large."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from contract.messages import short
from service.errors import MediaTypeError, TooLargeError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_DRAINED_BYTES = 256 * 2**20


class ClientGoneError(Exception):
    """The client closed the connection before its body was read; nobody waits for an answer."""


def judge(
    headers: Sequence[tuple[bytes, bytes]], media_types: tuple[str, ...], limit: int
) -> tuple[str, int]:
    """The content type and the announced size, where the headers announce what can be read.

    A body that does not announce its size is taken for the largest.
    """
    content_type, size = "", limit
    for name, value in headers:
        if name == b"content-length":
            size = int(value)
            if size > limit:
                raise _too_large(size, limit)
        elif name == b"content-type":
            content_type = value.decode("latin-1")
            if not _fits(content_type, media_types):
                raise MediaTypeError(
                    f"content-type is {short(content_type)}; send {' or '.join(media_types)}, "
                    "in UTF-8"
                )
        elif name == b"content-encoding" and value.lower() != b"identity":
            encoding = short(value.decode("latin-1"))
            raise MediaTypeError(f"content-encoding is {encoding}; send the body unencoded")
    return content_type, size


@lru_cache(maxsize=64)
def _fits(content_type: str, media_types: tuple[str, ...]) -> bool:
    """Whether a content type is one of the media types, and its charset, if any, UTF-8."""
    sent, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [p[8:].strip("\"'") for p in parameters if p.startswith("charset=")]
    return sent in media_types and all(c in ("utf-8", "utf8", "us-ascii") for c in charsets)


async def read(receive: Receive, limit: int) -> bytes:
    """The whole body, at most `limit` bytes.

    Raises:
        TooLargeError: there are more.
        ClientGoneError: the client left.
    """
    message = await receive()
    if not message.get("more_body", False):
        return _part(message, 0, limit)
    parts = [_part(message, 0, limit)]
    size = len(parts[0])
    while message.get("more_body", False):
        message = await receive()
        parts.append(_part(message, size, limit))
        size += len(parts[-1])
    return b"".join(parts)


async def discard(receive: Receive, seconds: float) -> None:
    """Read a body to its end and drop it: a client that still sends cannot see an answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            message = await receive()
            while message["type"] == "http.request" and message.get("more_body", False):
                message = await receive()


def _part(message: Message, size: int, limit: int) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    part: bytes = message.get("body", b"")
    if size + len(part) > limit:
        raise _too_large(size + len(part), limit, announced=False)
    return part


def _too_large(size: int, limit: int, *, announced: bool = True) -> TooLargeError:
    # A body without an end, or an enormous one, is not worth reading to its end.
    endless = not announced or size > _DRAINED_BYTES
    close = {"connection": "close"} if endless else None
    return TooLargeError(
        f"the body is {size} bytes or more, and at most {limit} are read; send less at once",
        headers=close,
    )
