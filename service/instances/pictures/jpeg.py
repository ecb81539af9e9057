"""A JPEG: walked through segment by segment, then decoded by libjpeg-turbo in strict mode.

In strict mode every warning of libjpeg is an error, so a JPEG whose pixel data ends early is
refused. The walk refuses what libjpeg takes without a warning: bytes after the end, missing scans
of a progressive JPEG, and kinds that cannot be decoded exactly.

A JPEG has no checksum: damage that leaves the codes valid is not detected.
Source: ITU-T T.81 annex B (segments, markers) and annex G (progressive scans).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from service.instances.pictures.refused import RefusedError, broken

SIGNATURE = b"\xff\xd8"

_DHT, _SOI, _EOI, _SOS, _APP1 = 0xC4, 0xD8, 0xD9, 0xDA, 0xE1
# Baseline, extended sequential and progressive, all with Huffman codes.
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {_DHT, 0xC8, 0xCC}
_WITHOUT_CONTENT = frozenset({0x00, 0x01, _SOI, *range(0xD0, 0xD8)})
_EXIF = b"Exif\0\0"
_COLOURS = {1: "GRAY", 3: "RGB"}
_COEFFICIENTS = 64
# Both bound the time that a small file can take; cameras and editors write far fewer.
_MOST_SEGMENTS, _MOST_SCANS = 1000, 100

_MARKER = re.compile(rb"\xff+([^\xff])", re.DOTALL)
# Pixel data ends at the first marker that is neither an escaped 0xFF nor a restart marker.
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)


class _Frame(NamedTuple):
    """A SOF segment: size in pixels, and the identifiers of its components."""

    width: int
    height: int
    components: bytes


@dataclass
class _Scans:
    """How many low bits of each coefficient are still to come, by component; None: all of them."""

    missing: dict[int, list[int | None]] = field(default_factory=dict)
    count: int = 0

    def complete(self) -> bool:
        """Whether nothing is still to come."""
        return all(set(bits) == {0} for bits in self.missing.values())


@dataclass(frozen=True)
class Jpeg:
    """An audited file that is still compressed; exif is a TIFF file or None."""

    size: tuple[int, int]
    exif: bytes | None
    _colour: str
    _data: bytes

    def pixels(self) -> NDArray[np.uint8]:
        """uint8 [height, width] or [height, width, 3].

        Raises:
            RefusedError: the pixel data ends early or is damaged.
        """
        try:
            pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
                self._data, self._colour, strict=True
            )
        except ValueError as error:
            if "subsampling" in str(error):
                raise RefusedError(
                    "is a JPEG with unusual sampling factors; send 4:4:4, 4:2:2 or 4:2:0"
                ) from error
            raise broken(str(error)) from error
        return pixels[..., 0] if self._colour == "GRAY" else pixels


def read(data: bytes) -> Jpeg:
    """Audit a JPEG; nothing is decompressed.

    Raises:
        RefusedError: broken, or of a kind that cannot be taken exactly.
    """
    frame: _Frame | None = None
    scans, exif = _Scans(), None
    for code, content in _segments(data):
        if code in _FRAMES:
            if frame is not None:
                raise broken("it holds two frame headers")
            frame = _frame(content)
            scans.missing = {name: [None] * _COEFFICIENTS for name in frame.components}
        elif code == _SOS:
            _count(scans, content)
        elif code in _OTHER_FRAMES:
            raise RefusedError(f"is a JPEG of process {code - 0xC0}; send a baseline JPEG or a PNG")
        elif code == _APP1 and content.startswith(_EXIF):
            exif = (exif or b"") + content.removeprefix(_EXIF)
    if frame is None or not scans.count:
        raise broken("the JPEG holds no pixel data")
    if not scans.complete():
        raise broken("scans of its pixel data are missing")
    return Jpeg((frame.width, frame.height), exif, _COLOURS[len(frame.components)], data)


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker code and content of every segment up to the end marker, which ends the file."""
    at = len(SIGNATURE)
    for _ in range(_MOST_SEGMENTS):
        marker = _MARKER.match(data, at)
        if marker is None:
            raise broken(f"the JPEG has no segment at byte {at}")
        code, at = marker[1][0], marker.end()
        if code == _EOI:
            if at != len(data):
                raise broken(f"{len(data) - at} bytes follow the end of the JPEG")
            return
        if code in _WITHOUT_CONTENT:
            raise broken(f"the JPEG has an unexpected marker {code:02x} at byte {at - 1}")
        length = int.from_bytes(data[at : at + 2])
        if length < 2 or at + length > len(data):
            raise broken(f"the JPEG ends inside a segment, after {len(data)} bytes")
        yield code, data[at + 2 : at + length]
        at += length
        if code == _SOS:
            at = _scan_end(data, at)
    raise broken(f"the JPEG has more than {_MOST_SEGMENTS} segments")


def _scan_end(data: bytes, at: int) -> int:
    found = _SCAN_END.search(data, at)
    if found is None:
        raise broken(f"the JPEG ends without an end marker, after {len(data)} bytes")
    return found.start()


def _frame(content: bytes) -> _Frame:
    if len(content) < 6 or len(content) != 6 + 3 * content[5]:
        raise broken("its frame header has the wrong length")
    depth, channels = content[0], content[5]
    if depth != 8:
        raise RefusedError(f"has {depth} bits per channel; send 8 bits")
    if channels not in _COLOURS:
        kind = "CMYK" if channels == 4 else f"{channels} channels"
        raise RefusedError(f"has colour mode {kind}; send greyscale or RGB")
    height, width = int.from_bytes(content[1:3]), int.from_bytes(content[3:5])
    if not width or not height:
        raise broken(f"its header says {width}x{height} pixels")
    return _Frame(width, height, content[6::3])


def _count(scans: _Scans, header: bytes) -> None:
    """Note which bits of which coefficients a scan brings; annex B.2.3."""
    if not header or len(header) != 4 + 2 * header[0]:
        raise broken("a scan header has the wrong length")
    scans.count += 1
    if scans.count > _MOST_SCANS:
        raise broken(f"the JPEG has more than {_MOST_SCANS} scans")
    first, last, bits = header[-3:]
    if not first <= last < _COEFFICIENTS:
        raise broken(f"a scan brings coefficients {first} to {last}")
    for name in header[1:-3:2]:
        if name not in scans.missing:
            raise broken(f"a scan names component {name}, which the frame lacks")
        scans.missing[name][first : last + 1] = [bits & 15] * (last + 1 - first)
