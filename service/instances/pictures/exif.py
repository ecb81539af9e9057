"""Which way up a picture is: tag 0x0112 of its EXIF block, and nothing else of it.

Other tags are not looked at, so that damage to them does no harm. XMP, which may hold an
orientation of its own, is not read.
Source: CIPA DC-008 (EXIF 2.32) section 4.6; TIFF 6.0 section 2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from service.instances.pictures.refused import RefusedError, broken

_ORIENTATION = 0x0112
_SHORT = 3
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_UPRIGHT = 1
# Orientations whose rows are the picture's columns.
_SIDEWAYS = frozenset({5, 6, 7, 8})


def orientation(exif: bytes | None) -> int:
    """The orientation, 1 to 8; 1, upright, where none is given.

    Args:
        exif: a TIFF file, without JPEG's `Exif` prefix; None if the picture holds none.

    Raises:
        RefusedError: no readable EXIF, or an orientation that is no integer from 1 to 8.
    """
    if exif is None:
        return _UPRIGHT
    order = _BYTE_ORDERS.get(exif[:4])
    try:
        if order is None:
            raise broken("its EXIF block has no TIFF header")
        found = [value for tag, value in _entries(exif, order) if tag == _ORIENTATION]
    except struct.error as error:
        raise broken("its EXIF block ends early") from error
    if len(found) > 1:
        raise broken("its EXIF block holds two orientations")
    return _checked(found[0], order) if found else _UPRIGHT


def _entries(exif: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Tag and the ten bytes behind it, of each entry of the first directory."""
    (start,) = struct.unpack_from(f"{order}I", exif, 4)
    (count,) = struct.unpack_from(f"{order}H", exif, start)
    entries = exif[start + 2 : start + 2 + 12 * count]
    if len(entries) < 12 * count:
        raise broken(f"its EXIF block ends inside a directory of {count} entries")
    return struct.iter_unpack(f"{order}H10s", entries)


def _checked(entry: bytes, order: str) -> int:
    """The value of an orientation entry: one 16-bit integer from 1 to 8."""
    kind, count, value = struct.unpack_from(f"{order}HIH", entry)
    if (kind, count) != (_SHORT, 1):
        raise RefusedError(
            f"has an EXIF orientation of type {kind}, {count} of them; it must be one 16-bit "
            "integer (type 3)"
        )
    if not 1 <= value <= 8:
        raise RefusedError(f"has EXIF orientation {value}; it must be an integer from 1 to 8")
    return int(value)


def upright_size(width: int, height: int, turned: int) -> tuple[int, int]:
    """Width and height after the turn."""
    return (height, width) if turned in _SIDEWAYS else (width, height)


def upright(pixels: NDArray[np.uint8], turned: int) -> NDArray[np.uint8]:
    """Undo an orientation of pixels [height, width, ...]."""
    if turned in _SIDEWAYS:
        pixels = pixels.swapaxes(0, 1)
    if turned in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if turned in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
