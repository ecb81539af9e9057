"""Files that never change while the process lives: entity tags, compression, revalidation."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping

from service.http.kernel.messages import Reply, Request
from service.http.kernel.negotiate import accepts


class StaticFile:
    """One file; a client that has it already is answered 304.

    Args:
        body: the content.
        content_type: sent as it is.
        headers: sent with every answer.
    """

    def __init__(self, body: bytes, content_type: str, headers: Mapping[str, str]) -> None:
        digest = hashlib.sha256(body).hexdigest()[:20]
        shared = {**headers, "cache-control": "no-cache"}
        self._plain = Reply(body, 200, {**shared, "etag": f'"{digest}"'}, content_type)
        coded = {"etag": f'"{digest}-gzip"', "content-encoding": "gzip"}
        packed = gzip.compress(body, mtime=0)
        self._gzip = Reply(packed, 200, {**shared, **coded}, content_type)

    def reply(self, request: Request) -> Reply:
        """The file, compressed where the client takes it, or 304."""
        packed = accepts(request.header(b"accept-encoding"), "gzip")
        found = self._gzip if packed else self._plain
        if _matches(request.header(b"if-none-match"), found.headers["etag"]):
            kept = {k: v for k, v in found.headers.items() if k != "content-encoding"}
            return Reply(b"", 304, kept, found.content_type)
        return found


def _matches(header: bytes | None, tag: str) -> bool:
    """True if an If-None-Match header names the tag (RFC 9110, section 13.1.2)."""
    if header is None:
        return False
    tags = [part.strip().removeprefix("W/") for part in header.decode("latin-1").split(",")]
    return tag in tags or "*" in tags
