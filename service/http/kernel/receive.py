"""The body of a request: checked by its headers, then read within limits of size and time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

from contract.messages import short
from service.errors import MediaTypeError, SlowBodyError, TooLargeError
from service.http.kernel.asgi import Message, Receive
from service.http.kernel.disconnect import ClientDisconnected
from service.http.kernel.timeout import with_timeout

_UTF8 = ("utf-8", "utf8", "us-ascii")
# A refused body up to this size is read to its end, so that the connection can be kept.
_DISCARDED_BYTES = 256 * 2**20


def check_headers(
    headers: Sequence[tuple[bytes, bytes]], media_types: tuple[str, ...], limit: int
) -> tuple[str, int]:
    """Check the headers that describe a body.

    Returns:
        The content type ("" if absent) and the size in bytes: the announced one, or `limit` if
        none is announced.

    Raises:
        MediaTypeError: the content type or encoding is not accepted.
        TooLargeError: the announced size exceeds the limit.
    """
    content_type, size = "", limit
    for name, value in headers:
        if name == b"content-length":
            size = int(value)
            if size > limit:
                raise _too_large(size, limit)
        elif name == b"content-type":
            content_type = value.decode("latin-1")
            if not _accepted(content_type, media_types):
                raise MediaTypeError(
                    f"content-type is {short(content_type)}; send {' or '.join(media_types)}, "
                    "in UTF-8"
                )
        elif name == b"content-encoding" and value.lower() != b"identity":
            encoding = short(value.decode("latin-1"))
            raise MediaTypeError(f"content-encoding is {encoding}; send the body unencoded")
    return content_type, size


@lru_cache(maxsize=64)
def _accepted(content_type: str, media_types: tuple[str, ...]) -> bool:
    """True if a content type is one of the media types and its charset, if any, is UTF-8."""
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [p[8:].strip("\"'") for p in parameters if p.startswith("charset=")]
    return media_type in media_types and all(charset in _UTF8 for charset in charsets)


async def read_body(receive: Receive, limit: int, seconds: float) -> bytes:
    """Read the whole body.

    Raises:
        TooLargeError: it has more than `limit` bytes.
        SlowBodyError: it did not arrive within `seconds`.
        ClientDisconnected: the client left.
    """
    try:
        return await with_timeout(seconds, _read(receive, limit))
    except TimeoutError as error:
        raise SlowBodyError(
            f"the body did not arrive within {seconds:g} s; send it faster",
            headers={"connection": "close"},
        ) from error


def awaits_continue(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """True if the client sends no body before it is told to; reading would tell it to."""
    return any(name == b"expect" for name, _ in headers)


async def discard_body(receive: Receive, seconds: float, most: float = math.inf) -> None:
    """Read a refused body to its end: a client that is still sending does not see the answer.

    Args:
        seconds: after which the rest is left unread.
        most: bytes after which the rest is left unread.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            message, size = await receive(), 0
            while message["type"] == "http.request" and message.get("more_body", False):
                size += len(message.get("body", b""))
                if size > most:
                    return
                message = await receive()


async def _read(receive: Receive, limit: int) -> bytes:
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


def _part(message: Message, size: int, limit: int) -> bytes:
    """The part in a message, after `size` bytes before it."""
    if message["type"] == "http.disconnect":
        raise ClientDisconnected
    part: bytes = message.get("body", b"")
    if size + len(part) > limit:
        raise _too_large(size + len(part), limit, announced=False)
    return part


def _too_large(size: int, limit: int, *, announced: bool = True) -> TooLargeError:
    # Reading a body of unknown or enormous size to its end would only waste time.
    close = not announced or size > _DISCARDED_BYTES
    return TooLargeError(
        f"the body has {'' if announced else 'at least '}{size} bytes and the limit is {limit}; "
        "send less at once",
        headers={"connection": "close"} if close else None,
    )
