"""PNG and JPEG files made byte by byte, for tests."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Chunk = tuple[bytes, bytes]
SIDE = 28
DIGIT = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
# A smooth picture, that JPEG keeps nearly as it is.
SMOOTH = np.add.outer(np.arange(SIDE) * 4, np.arange(SIDE) * 3).astype(np.uint8)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def packed(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def header(
    depth: int = 8, colour: int = 0, interlace: int = 0, width: int = SIDE, height: int = SIDE
) -> Chunk:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)


def rows(pixels: NDArray[Any]) -> bytes:
    """Big-endian scan lines with filter 0."""
    big = pixels.astype(pixels.dtype.newbyteorder(">"))
    return b"".join(b"\0" + row.tobytes() for row in big)


def image_data(raw: bytes) -> Chunk:
    return b"IDAT", zlib.compress(raw)


END: Chunk = (b"IEND", b"")


def png(*chunks: Chunk) -> bytes:
    return SIGNATURE + b"".join(packed(*chunk) for chunk in chunks)


def grey_png(*extra: Chunk, pixels: NDArray[np.uint8] = DIGIT) -> bytes:
    return png(header(), *extra, image_data(rows(pixels)), END)


def chunks_of(data: bytes) -> list[Chunk]:
    found, at = [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += length + 12
    return found


def jpeg(pixels: NDArray[np.uint8] = SMOOTH, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def with_exif(data: bytes, block: bytes) -> bytes:
    """A JPEG with an EXIF segment put in front."""
    content = b"Exif\0\0" + block
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + data[2:]


def exif(*entries: tuple[int, int, int, int], order: str = "<", after: bytes = b"") -> bytes:
    """A TIFF of (tag, type, count, 32-bit value or offset) entries; `after` is at offset 64."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    directory = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        held = struct.pack(f"{order}H2x" if (kind, count) == (3, 1) else f"{order}I", value)
        directory += struct.pack(f"{order}HHI", tag, kind, count) + held
    block = start + struct.pack(f"{order}I", 8) + directory + bytes(4)
    return block.ljust(64, b"\0") + after


def oriented(value: int, order: str = "<") -> bytes:
    return exif((0x0112, 3, 1, value), order=order)


ADAM7 = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
)  # fmt: skip


def interlaced(pixels: NDArray[np.uint8]) -> bytes:
    height, width = pixels.shape[:2]
    passes = (pixels[y::dy, x::dx] for x, y, dx, dy in ADAM7)
    raw = b"".join(rows(part) for part in passes if part.size)
    return png(header(interlace=1, width=width, height=height), image_data(raw), END)


def strict_grey(data: bytes) -> NDArray[np.uint8]:
    """What an 8-bit greyscale PNG without interlacing says; written apart from the service."""
    critical = [c for c in chunks_of(data) if c[0][0] < 0x60]
    names = [kind for kind, _ in critical]
    assert names == [b"IHDR", *[b"IDAT"] * (len(names) - 2), b"IEND"]
    width, height, *rest = struct.unpack(">IIBBBBB", critical[0][1])
    assert rest == [8, 0, 0, 0, 0]
    raw = zlib.decompress(b"".join(content for _, content in critical[1:-1]))
    assert len(raw) == height * (width + 1)
    lines: list[list[int]] = [[0] * width]
    for y in range(height):
        line = raw[y * (width + 1) : (y + 1) * (width + 1)]
        lines.append(_unfiltered(line[0], line[1:], lines[-1]))
    return np.array(lines[1:], np.uint8)


def _unfiltered(kind: int, line: bytes, above: list[int]) -> list[int]:
    row: list[int] = []
    for x, value in enumerate(line):
        a, b, c = (row[x - 1] if x else 0), above[x], (above[x - 1] if x else 0)
        p = a + b - c
        paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        row.append((value + (0, a, b, (a + b) // 2, paeth)[kind]) % 256)
    return row
