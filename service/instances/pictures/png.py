"""A PNG, audited chunk by chunk before any pixel is unpacked.

Where pixel data ends early Pillow stops, it cuts 16 bits to 8 and invents missing palette entries,
all without a warning. Here the whole file must be as its header says, or it is refused.
Source: PNG (Third Edition), W3C, sections 5 (chunks), 8.1 (Adam7), 10 (zlib) and 11.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.instances.pictures import transparency
from service.instances.pictures.refused import RefusedError, broken

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Channels in the file, by colour type.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE = 3
_GREY = frozenset({0, 4})
# By (bit depth, colour type): Pillow's mode and raw mode. Greys of 2 and 4 bits are spread to 8.
_MODES = {
    (1, 0): ("1", "1"), (2, 0): ("L", "L;2"), (4, 0): ("L", "L;4"), (8, 0): ("L", "L"),
    (1, 3): ("P", "P;1"), (2, 3): ("P", "P;2"), (4, 3): ("P", "P;4"), (8, 3): ("P", "P"),
    (8, 2): ("RGB", "RGB"), (8, 4): ("LA", "LA"), (8, 6): ("RGBA", "RGBA"),
}  # fmt: skip
_DEEP = frozenset({0, 2, 4, 6})
# Adam7's passes: first column, first row, column step, row step.
_PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
)  # fmt: skip
# Bounds the time a file of empty chunks can take; real ones have dozens.
_MOST_CHUNKS = 1000
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})


@dataclass(frozen=True)
class Header:
    """An IHDR chunk; depth in bits, colour and interlace by the numbers of the specification."""

    width: int
    height: int
    depth: int
    colour: int
    interlace: int

    def length(self) -> int:
        """Bytes of inflated pixel data: a filter byte and the packed pixels of each row."""
        if not self.interlace:
            return self._length(self.width, self.height)
        return sum(
            self._length(-(-(self.width - x) // dx), -(-(self.height - y) // dy))
            for x, y, dx, dy in _PASSES
        )

    def _length(self, width: int, height: int) -> int:
        bits = width * self.depth * _CHANNELS[self.colour]
        return height * (1 + (bits + 7) // 8) if width > 0 and height > 0 else 0


@dataclass
class _Parts:
    """What the audit keeps of a file."""

    palette: bytes | None = None
    transparency: bytes | None = None
    exif: bytes | None = None
    data: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Png:
    """An audited file whose pixels are still deflated; exif is a TIFF file or None."""

    header: Header
    exif: bytes | None
    _data: bytes
    _palette: bytes | None
    _transparency: bytes | None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as stored."""
        return self.header.width, self.header.height

    def pixels(self) -> NDArray[np.uint8]:
        """uint8 [height, width] or [height, width, channels].

        Raises:
            RefusedError: the pixel data is not what the header says.
        """
        header = self.header
        _audit_data(self._data, header.length())
        mode, raw_mode = _MODES[header.depth, header.colour]
        image = Image.frombytes(mode, self.size, self._data, "zip", raw_mode, header.interlace)
        if mode == "1":
            image = image.convert("L")
        pixels = np.asarray(image)
        if self._palette is not None:
            return _looked_up(pixels, self._palette, self._transparency)
        if self._transparency is not None:
            return transparency.of_pixels(self._transparency, pixels, header.depth)
        return pixels


def read(data: bytes) -> Png:
    """Audit a PNG up to its pixel data, which is not inflated.

    Raises:
        RefusedError: broken, or of a kind that cannot be taken exactly.
    """
    chunks = _chunks(data)
    header = _header(*next(chunks, (b"", b"")))
    parts = _parts(chunks)
    if header.colour == _PALETTE:
        _audit_palette(parts.palette)
    elif header.colour in _GREY and parts.palette is not None:
        raise broken("it is greyscale, but has a palette (PLTE chunk)")
    palette = parts.palette if header.colour == _PALETTE else None
    if parts.transparency is not None:
        transparency.audit(parts.transparency, header.colour, palette)
    return Png(header, parts.exif, b"".join(parts.data), palette, parts.transparency)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk, its checksum compared."""
    at, end = len(SIGNATURE), len(data)
    for _ in range(_MOST_CHUNKS):
        if at == end:
            return
        if at + 12 > end:
            raise broken(f"the PNG ends inside a chunk, after {end} bytes")
        length, kind = struct.unpack_from(">I4s", data, at)
        stop = at + 8 + length
        if stop + 4 > end:
            raise broken(f"the PNG ends inside a chunk, after {end} bytes")
        if zlib.crc32(data[at + 4 : stop]) != int.from_bytes(data[stop : stop + 4]):
            raise broken(f"its {_named(kind)} chunk has a wrong checksum")
        yield kind, data[at + 8 : stop]
        at = stop + 4
    raise broken(f"the PNG has more than {_MOST_CHUNKS} chunks")


def _named(kind: bytes) -> str:
    return kind.decode("latin-1") if kind.isalpha() else kind.hex()


def _header(kind: bytes, content: bytes) -> Header:
    if kind != b"IHDR" or len(content) != 13:
        raise broken("the PNG does not begin with a header (IHDR chunk of 13 bytes)")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(
        ">IIBBBBB", content
    )
    if depth == 16 and colour in _DEEP:
        raise RefusedError("has 16 bits per channel; send 8 bits")
    if (depth, colour) not in _MODES:
        raise broken(f"its header has bit depth {depth} and colour type {colour}")
    if compression or filtering or interlace > 1:
        raise broken(
            f"its header has compression {compression}, filter method {filtering} and interlace "
            f"{interlace}"
        )
    if not width or not height:
        raise broken(f"its header says {width}x{height} pixels")
    return Header(width, height, depth, colour, interlace)


def _parts(chunks: Iterator[tuple[bytes, bytes]]) -> _Parts:
    """Sort what follows the header; text, profiles and the like are dropped unread."""
    parts, before = _Parts(), b"IHDR"
    for kind, content in chunks:
        if kind == b"IDAT":
            if parts.data and before != b"IDAT":
                raise broken("another chunk stands between its pixel data (IDAT chunks)")
            parts.data.append(content)
        elif kind == b"PLTE":
            if parts.data or parts.palette is not None:
                raise broken("its palette (PLTE chunk) is repeated or follows its pixel data")
            parts.palette = content
        elif kind == b"tRNS":
            if parts.data or parts.transparency is not None:
                raise broken("its transparency (tRNS chunk) is repeated or follows its pixel data")
            parts.transparency = content
        elif kind == b"eXIf":
            if parts.exif is not None:
                raise broken("it holds two EXIF blocks (eXIf chunks)")
            parts.exif = content
        elif kind == b"IEND":
            _audit_end(content, next(chunks, None))
            return parts
        elif kind == b"acTL":
            raise RefusedError("is animated; send a single picture")
        elif kind in _CRITICAL or not kind.isalpha() or not kind[0] & 0x20:
            raise broken(f"it holds an unexpected {_named(kind)} chunk")
        before = kind
    raise broken("the PNG has no end (IEND chunk)")


def _audit_end(content: bytes, following: tuple[bytes, bytes] | None) -> None:
    if content or following is not None:
        raise broken("bytes follow the end of the PNG (IEND chunk)")


def _audit_palette(palette: bytes | None) -> None:
    if palette is None:
        raise broken("it has colour type 3, but no palette (PLTE chunk)")
    if len(palette) % 3 or not 3 <= len(palette) <= 768:
        raise broken(f"its palette (PLTE chunk) has {len(palette)} bytes")


def _audit_data(data: bytes, expected: int) -> None:
    """Inflate, one byte further than must be at most, and compare the lengths."""
    inflater = zlib.decompressobj()
    try:
        found = len(inflater.decompress(data, expected + 1))
    except zlib.error as error:
        raise broken(f"its pixel data does not inflate: {error}") from error
    if found != expected:
        amount = f"{found} bytes" if found < expected else "more"
        raise broken(f"its pixel data inflates to {amount}; its header says {expected} bytes")
    if not inflater.eof:
        raise broken("its pixel data has no end, or a wrong checksum")
    if inflater.unused_data or inflater.unconsumed_tail:
        raise broken("bytes follow its pixel data (IDAT chunks)")


def _looked_up(
    indices: NDArray[np.uint8], palette: bytes, opacity: bytes | None
) -> NDArray[np.uint8]:
    """The colours [height, width, 3 or 4] of palette indices [height, width]."""
    colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)
    if opacity is not None:
        colours = transparency.of_palette(opacity, colours)
    if (highest := int(indices.max())) >= len(colours):
        raise broken(f"a pixel has colour {highest} of a palette of {len(colours)}")
    return colours[indices]
