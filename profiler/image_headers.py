"""What an image says of itself: format, width and height, from its header alone.

Pillow does more than that when it opens one: it inflates the texts and profiles of a PNG, fills the
canvas of a GIF, walks a palette of 65,536 colours, makes a Python number of every value of a TIFF
tag. A zip of 200 kB kept it busy for minutes, one GIF of 50 bytes took 4 GB. So, like those of
Parquet, these headers are read here, in a bounded number of steps whatever they say.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

_Size = tuple[int, int]

# A header has some dozens of segments or tags.
_MOST_STEPS = 1000
# Markers of JPEG, https://www.w3.org/Graphics/JPEG/itu-t81.pdf table B.1; 0xFF00 and 0xFFFF are
# none. A frame header is any SOF; behind SOS come pixels; some markers stand without a length.
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SOS, _EOI = 0xDA, 0xD9
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))
# Lengths of the headers of BMP versions with 32-bit sizes; the first version has 16.
_BMP_HEADERS = frozenset((40, 52, 56, 64, 108, 124))
_BMP_CORE = 12
# TIFF 6.0 section 2: tags, and how the types BYTE, SHORT, LONG and LONG8 are unpacked.
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_TIFF_TYPES = {1: "B", 3: "H", 4: "L", 16: "Q"}


@dataclass(frozen=True)
class ImageHeader:
    """format: as Pillow calls it; width, height: pixels, as stored."""

    format: str
    width: int
    height: int


def image_header(data: bytes) -> ImageHeader | None:
    """The header of a PNG, JPEG, GIF, BMP, WebP or TIFF; None if there is no whole one."""
    for start, name, size_of in _FORMATS:
        if data.startswith(start):
            try:
                width, height = size_of(data)
            except (ValueError, LookupError, struct.error):
                return None
            return ImageHeader(name, width, height) if width > 0 and height > 0 else None
    return None


def _png(data: bytes) -> _Size:
    """https://www.w3.org/TR/png-3/#11IHDR: the first chunk."""
    kind, width, height = struct.unpack_from(">4sII", data, 12)
    if kind != b"IHDR":
        raise ValueError("the first chunk is no header")
    return width, height


def _jpeg(data: bytes) -> _Size:
    """Walk the segments to the frame header; fill bytes and junk between them are skipped."""
    at = 2
    for _ in range(_MOST_STEPS):
        found = _MARKER.search(data, at)
        if not found or (marker := data[found.end() - 1]) in (_SOS, _EOI):
            break
        at = found.end()
        if marker in _SOF:
            height, width = struct.unpack_from(">HH", data, at + 3)
            return width, height
        if marker not in _BARE:
            at += max(2, *struct.unpack_from(">H", data, at))
    raise ValueError("there is no frame header")


def _gif(data: bytes) -> _Size:
    """GIF89a section 18: the logical screen."""
    width, height = struct.unpack_from("<HH4xB", data, 6)[:2]
    return width, height


def _bmp(data: bytes) -> _Size:
    """A negative height means rows from the top."""
    (header,) = struct.unpack_from("<I", data, 14)
    if header not in _BMP_HEADERS | {_BMP_CORE}:
        raise ValueError("the header has an unknown length")
    width, height = struct.unpack_from("<HH" if header == _BMP_CORE else "<ii", data, 18)
    return width, abs(height)


def _webp(data: bytes) -> _Size:
    """https://www.rfc-editor.org/rfc/rfc9649: the first chunk tells the canvas."""
    size, kind, chunk = struct.unpack_from("<I4s4s", data, 4)
    if kind != b"WEBP" or size + 8 > len(data):
        raise ValueError("another kind of RIFF, or cut off")
    if chunk == b"VP8X":
        return _uint24(data, 24) + 1, _uint24(data, 27) + 1
    if chunk == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if chunk == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise ValueError("the first chunk is no picture")


def _uint24(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8 | data[at + 2] << 16


def _tiff(data: bytes) -> _Size:
    """TIFF 6.0 section 2, and BigTIFF: two tags of the first directory."""
    order = "<" if data.startswith(b"II") else ">"
    if data[2:4] in (b"+\0", b"\0+"):
        (at,) = struct.unpack_from(order + "8xQ", data)
        count, entry, first = order + "Q", order + "HHQ", at + 8
        value = 8
    else:
        (at,) = struct.unpack_from(order + "4xL", data)
        count, entry, first = order + "H", order + "HHL", at + 2
        value = 4
    (tags,) = struct.unpack_from(count, data, at)
    step = struct.calcsize(entry) + value
    found: dict[int, int] = {}
    for at in range(first, first + min(tags, _MOST_STEPS) * step, step):
        tag, kind, values = struct.unpack_from(entry, data, at)
        if tag in (_TIFF_WIDTH, _TIFF_HEIGHT) and values == 1:
            (found[tag],) = struct.unpack_from(order + _TIFF_TYPES[kind], data, at + step - value)
            if len(found) == 2:
                break
    return found[_TIFF_WIDTH], found[_TIFF_HEIGHT]


_FORMATS: tuple[tuple[bytes, str, Callable[[bytes], _Size]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG", _png),
    (b"\xff\xd8\xff", "JPEG", _jpeg),
    (b"GIF87a", "GIF", _gif),
    (b"GIF89a", "GIF", _gif),
    (b"BM", "BMP", _bmp),
    (b"RIFF", "WEBP", _webp),
    (b"II*\0", "TIFF", _tiff),
    (b"MM\0*", "TIFF", _tiff),
    (b"II+\0", "TIFF", _tiff),
    (b"MM\0+", "TIFF", _tiff),
)
