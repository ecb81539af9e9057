"""gzip -> bytes, no more than the limit."""

from __future__ import annotations

import zlib

from profiler.errors import TooLargeError, UnreadableError
from profiler.limits import Limits

_CHUNK = 2**20
# Tells zlib to expect the header and the checksum of gzip.
_GZIP_FORMAT = 16 + zlib.MAX_WBITS


def gunzip(data: bytes, limits: Limits) -> bytes:
    """Inflate a gzip file of one member or more.

    Raises:
        UnreadableError: broken or cut off.
        TooLargeError: more bytes than the limit.
    """
    chunks, left = [], limits.max_unpacked_bytes
    while data:
        inflate = zlib.decompressobj(_GZIP_FORMAT)
        while not inflate.eof:
            try:
                chunk = inflate.decompress(data, min(_CHUNK, left + 1))
            except zlib.error as error:
                raise UnreadableError(
                    f"file is a broken gzip archive: {error}; pack it again"
                ) from error
            data = inflate.unconsumed_tail
            left -= len(chunk)
            if left < 0:
                raise TooLargeError(
                    f"file unpacks to more than {limits.max_unpacked_bytes:,} bytes; send a sample "
                    "of it"
                )
            if not chunk and not data and not inflate.eof:
                raise UnreadableError("file is a gzip archive that was cut off; send all of it")
            chunks.append(chunk)
        # Some tools pad the end with zeros.
        data = inflate.unused_data.lstrip(b"\0")
    return b"".join(chunks)
