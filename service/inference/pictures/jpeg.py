"""Audit a JPEG segment by segment, and decode it twice to detect truncated pixel data.

If pixel data ends early, libjpeg silently fills the rest with grey. A JPEG has no checksum and no
length that would reveal this, so it is decoded a second time with noise after the data. If the data
is complete, the decoder never reads the noise and both results are equal.

Two kinds of damage remain undetected: changed bits that leave the number of valid codes as it was,
and missing scans of a progressive JPEG, which then is a coarser picture.
Source: ITU-T T.81 annex B (segments, markers) and annex A (units of a scan).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.inference.pictures.refused import RefusedError, broken

SIGNATURE = b"\xff\xd8"

_END = b"\xff\xd9"
_DHT, _SOI, _EOI, _SOS, _DRI, _APP1 = 0xC4, 0xD8, 0xD9, 0xDA, 0xDD, 0xE1
# Baseline, extended sequential and progressive, all with Huffman codes.
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {_DHT, 0xC8, 0xCC}
# Kept beside the frame: tables, scans, and APP0 and APP14, which give the colour space.
_KEPT = frozenset({_DHT, _DRI, _SOS, 0xDB, 0xE0, 0xEE})
_ALONE = frozenset({0x00, 0x01, _SOI, *range(0xD0, 0xD8)})
_EXIF = b"Exif\0\0"
_MODES = {1: "L", 3: "RGB"}
# Limits on the time that a small file can take; cameras and editors write far fewer.
_MOST_SEGMENTS, _MOST_SCANS = 1000, 100

_LEAD = re.compile(rb"\xff+")
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_FILL = re.compile(rb"\xff+(?=\xff)")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_NOISE = b"\x5a\xc6\x93\x2d\x71\xb8\x0e\xe4"


@dataclass(frozen=True)
class _Frame:
    """A SOF segment: the size in pixels, and (identifier, h, v) of each component.

    h and v are the sampling factors of T.81 annex A.1.1.
    """

    width: int
    height: int
    components: tuple[tuple[int, int, int], ...]

    def units(self, scanned: bytes) -> int:
        """Number of units (MCU) in a scan of the components `scanned`; annex A.2."""
        most_x = max(x for _, x, _ in self.components)
        most_y = max(y for _, _, y in self.components)
        x, y = most_x, most_y
        if len(scanned) == 1:
            sampling = {name: (x, y) for name, x, y in self.components}
            if scanned[0] not in sampling:
                raise broken(f"a scan names component {scanned[0]}, which the frame lacks")
            x, y = sampling[scanned[0]]
            width, height = -(-self.width * x // most_x), -(-self.height * y // most_y)
            return -(-width // 8) * -(-height // 8)
        return -(-self.width // (8 * x)) * -(-self.height // (8 * y))


@dataclass
class _Parts:
    """The parts that the audit keeps: the file without metadata, once plain and once with noise."""

    frame: _Frame | None = None
    exif: list[bytes] = field(default_factory=list)
    plain: list[bytes] = field(default_factory=lambda: [SIGNATURE])
    noisy: list[bytes] = field(default_factory=lambda: [SIGNATURE])
    interval: int = 0
    scans: int = 0

    def keep(self, plain: bytes, noisy: bytes | None = None) -> None:
        self.plain.append(plain)
        self.noisy.append(plain if noisy is None else noisy)


@dataclass(frozen=True)
class Jpeg:
    """An audited file that is still compressed; `exif` is a TIFF file or None."""

    size: tuple[int, int]
    exif: bytes | None
    _mode: str
    _plain: bytes
    _noisy: bytes

    def pixels(self) -> NDArray[np.uint8]:
        """uint8 [height, width] or [height, width, 3].

        Raises:
            RefusedError: the pixel data ends early.
        """
        pixels = self._decoded(self._plain)
        if not np.array_equal(pixels, self._decoded(self._noisy)):
            raise broken("its pixel data ends early")
        return pixels

    def _decoded(self, data: bytes) -> NDArray[np.uint8]:
        return np.asarray(Image.frombytes(self._mode, self.size, data, "jpeg", self._mode, ""))


def read(data: bytes) -> Jpeg:
    """Audit a JPEG without decompressing it.

    Raises:
        RefusedError: it is broken, or of a kind that cannot be decoded exactly.
    """
    parts, at = _Parts(), len(SIGNATURE)
    for _ in range(_MOST_SEGMENTS):
        code, content, at = _segment(data, at)
        if code == _EOI:
            return _audited(parts, len(data) - at)
        _sort(parts, code, content)
        if code == _SOS:
            at = _scan(parts, content, data, at)
    raise broken(f"the JPEG has more than {_MOST_SEGMENTS} segments")


def _segment(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Marker and content of the segment at offset `at`, and the offset after it."""
    led = _LEAD.match(data, at)
    if led is None:
        raise broken(f"the JPEG has no segment at byte {at}")
    at = led.end()
    if at >= len(data):
        raise broken(f"the JPEG ends without an end marker, after {len(data)} bytes")
    code = data[at]
    if code in _ALONE:
        raise broken(f"the JPEG has an unexpected marker {code:02x} at byte {at}")
    if code == _EOI:
        return code, b"", at + 1
    length = int.from_bytes(data[at + 1 : at + 3])
    stop = at + 1 + length
    if length < 2 or stop > len(data):
        raise broken(f"the JPEG ends inside a segment, after {len(data)} bytes")
    return code, data[at + 3 : stop], stop


def _sort(parts: _Parts, code: int, content: bytes) -> None:
    """Keep the segments that decoding needs, and EXIF; drop all others unread."""
    if code in _FRAMES:
        if parts.frame is not None:
            raise broken("it holds two frame headers")
        parts.frame = _frame(content)
    elif code in _OTHER_FRAMES:
        raise RefusedError(f"is a JPEG of process {code - 0xC0}; send a baseline JPEG or a PNG")
    elif code == _APP1 and content.startswith(_EXIF):
        parts.exif.append(content.removeprefix(_EXIF))
    elif code == _DRI:
        if len(content) != 2:
            raise broken("its restart interval is not a 16-bit integer")
        parts.interval = int.from_bytes(content)
    if code in _FRAMES or code in _KEPT:
        parts.keep(bytes((0xFF, code)) + (len(content) + 2).to_bytes(2) + content)


def _frame(content: bytes) -> _Frame:
    if len(content) < 6 or len(content) != 6 + 3 * content[5]:
        raise broken("its frame header has the wrong length")
    depth, channels = content[0], content[5]
    if depth != 8:
        raise RefusedError(f"has {depth} bits per channel; send 8-bit greyscale")
    if channels not in _MODES:
        kind = "CMYK" if channels == 4 else f"{channels} channels"
        raise RefusedError(f"has colour mode {kind}; send 8-bit greyscale")
    components = tuple(
        (content[i], content[i + 1] >> 4, content[i + 1] & 15) for i in range(6, len(content), 3)
    )
    if not all(1 <= factor <= 4 for component in components for factor in component[1:]):
        raise broken("its frame header has a sampling factor outside 1 to 4")
    height, width = int.from_bytes(content[1:3]), int.from_bytes(content[3:5])
    if not width or not height:
        raise broken(f"its header says {width}x{height} pixels")
    return _Frame(width, height, components)


def _scan(parts: _Parts, header: bytes, data: bytes, at: int) -> int:
    """Audit and keep the pixel data after a SOS segment; returns the offset after the data."""
    if parts.frame is None:
        raise broken("a scan stands before the frame header")
    if not header or len(header) != 4 + 2 * header[0] or header[0] > len(parts.frame.components):
        raise broken("a scan header has the wrong length")
    parts.scans += 1
    if parts.scans > _MOST_SCANS:
        raise broken(f"the JPEG has more than {_MOST_SCANS} scans")
    found = _SCAN_END.search(data, at)
    if found is None:
        raise broken(f"the JPEG ends without an end marker, after {len(data)} bytes")
    # Fill bytes may precede a marker; drop them, so that the noise directly follows the data.
    coded = _FILL.sub(b"", data[at : found.start()]).rstrip(b"\xff")
    _audit_restarts(coded, parts.frame.units(header[1 : 1 + 2 * header[0] : 2]), parts.interval)
    parts.keep(coded, _RESTART.sub(_NOISE + rb"\g<0>", coded) + _NOISE)
    return found.start()


def _audit_restarts(coded: bytes, units: int, interval: int) -> None:
    """Check that a restart marker separates each two intervals, numbered 0 to 7 in cycles."""
    expected = -(-units // interval) - 1 if interval else 0
    numbers = [found[0][1] & 7 for found in islice(_RESTART.finditer(coded), expected + 1)]
    if numbers != [i % 8 for i in range(expected)]:
        raise broken(f"a scan does not hold {expected} restart markers in order")


def _audited(parts: _Parts, following: int) -> Jpeg:
    if following:
        raise broken(f"{following} bytes follow the end of the JPEG")
    if parts.frame is None or not parts.scans:
        raise broken("the JPEG holds no pixel data")
    frame = parts.frame
    parts.keep(_END)
    exif = b"".join(parts.exif) if parts.exif else None
    plain, noisy = b"".join(parts.plain), b"".join(parts.noisy)
    return Jpeg((frame.width, frame.height), exif, _MODES[len(frame.components)], plain, noisy)
