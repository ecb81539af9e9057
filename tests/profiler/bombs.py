"""Small files that cost their reader much memory or time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import lru_cache

import polars as pl

from tests.profiler.files import parquet, zipped

INFLATING = zlib.compress(b"x" * (2**20 - 10), 9)
HUGE = struct.pack("<HH", 65_535, 65_535)
DISPOSED = b"GIF89a" + HUGE + b"\0\0\0!\xf9\x04\x08\0\0\0\0,\0\0\0\0" + HUGE + b"\0\x08\0;"


def chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def png(width: int, height: int, *between: bytes) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    end = chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(between) + end


@lru_cache(maxsize=1)
def runs() -> bytes:
    """Runs of zeros: half a megabyte that stands for 1.6 GB."""
    zeros = pl.zeros(1_000_000, pl.Int64, eager=True)
    return parquet(pl.DataFrame({f"c{i}": zeros for i in range(200)}))


@lru_cache(maxsize=1)
def dictionary() -> bytes:
    """A kilobyte: one long text, and 2,000 rows that point to it, 400 MB if written out."""
    return parquet(pl.concat([pl.DataFrame({"v": ["x" * 200_000]})] * 2000))


@lru_cache(maxsize=1)
def pages() -> bytes:
    """Texts of 10 MB that compress to nothing: 13 kB that stand for 400 MB."""
    return parquet(pl.DataFrame({"v": [f"{i}" + "x" * 10_000_000 for i in range(40)]}))


def canvas() -> bytes:
    """A GIF of 50 bytes whose canvas of 4 GB Pillow fills when it opens it."""
    return zipped({"a/1.gif": DISPOSED})


def texts() -> bytes:
    """Texts of PNGs that inflate a thousandfold: minutes, for 200 kB."""
    data = png(4, 4, *[chunk(b"zTXt", b"k\0\0" + INFLATING)] * 60)
    return zipped({f"a/{i}": data for i in range(200)})


def profiles() -> bytes:
    """The same with colour profiles."""
    data = png(4, 4, *[chunk(b"iCCP", b"k\0\0" + INFLATING)] * 60)
    return zipped({f"a/{i}": data for i in range(200)})


BOMBS: dict[str, Callable[[], bytes]] = {
    "runs": runs, "dictionary": dictionary, "pages": pages, "canvas": canvas,
}  # fmt: skip
SLOW: dict[str, Callable[[], bytes]] = {"texts": texts, "profiles": profiles}
