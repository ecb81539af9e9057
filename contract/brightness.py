"""Brightness of images, measured alike in training and by the service.

Training writes the range of its images into the manifest; the service warns of images outside it.
"""

from __future__ import annotations

import math
from typing import NamedTuple
from zlib import adler32

import numpy as np
from numpy.typing import NDArray

from contract.histogram import Histogram, ImageHistograms, histogram_of
from contract.seen import ImageRange, Range
from contract.tensors import Layout

# How far a range is widened, as a factor: see docs/decisions/0023.
MARGIN = 1.5
_WHITE = 255
# A single grey image of more pixels is faster as an array.
_FEW_PIXELS = 1024
# The most bytes whose sum an Adler-32 checksum holds: 256 * 255 is less than its modulus, 65,521.
_SUMMED = 256


class Totals(NamedTuple):
    """Of one image: sum of the border's values, sum of all values, and the largest value."""

    border: int
    all: int
    maximum: int


class Brightness:
    """Measures images of one shape. The border is one pixel wide.

    Args:
        row: the shape of an image in its layout.
    """

    def __init__(self, row: tuple[int, ...], layout: Layout = "HW") -> None:
        border = np.ones(row, bool)
        inside: tuple[slice, ...] = (slice(1, -1), slice(1, -1))
        border[(slice(None), *inside) if layout == "CHW" else inside] = False
        self._border = np.flatnonzero(border)
        self._edges = _edges(*row) if layout == "HW" and math.prod(row) <= _FEW_PIXELS else ()
        self.border_values = len(self._border)
        self.values = math.prod(row)

    def totals(self, images: NDArray[np.uint8]) -> list[Totals]:
        """Sums and maxima of images [n, *row], one per image."""
        if self._edges and len(images) == 1:
            return [self._of_bytes(images.tobytes())]
        flat = images.reshape(len(images), -1)
        columns = (
            np.add.reduce(flat.take(self._border, axis=1), axis=1, dtype=np.uint32),
            np.add.reduce(flat, axis=1, dtype=np.uint32),
            np.maximum.reduce(flat, axis=1),
        )
        return list(map(Totals, *(column.tolist() for column in columns)))

    def figures(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Mean of the border, mean and maximum of images [n, *row]: float64 [n, 3]."""
        totals = np.array(self.totals(images), np.float64).reshape(-1, 3)
        return totals / (self.border_values, self.values, 1)

    def _of_bytes(self, image: bytes) -> Totals:
        """Of one small image: between other work, each call of NumPy takes longer than all this."""
        ink = image.translate(None, b"\0")
        border = b"".join([image[edge] for edge in self._edges])
        maximum = 255
        while maximum and maximum not in ink:
            maximum -= 1
        return Totals(_sum(border), _sum(ink), maximum)


def _edges(height: int, width: int) -> tuple[slice, ...]:
    """The border of a grey image as slices of its pixels; empty if it is all border."""
    if min(height, width) < 3:
        return ()
    inner_rows = slice(width, -width, width)
    return (
        slice(width),
        slice(-width, None),
        inner_rows,
        slice(inner_rows.start + width - 1, inner_rows.stop, width),
    )


def _sum(values: bytes) -> int:
    """The sum of bytes.

    The low half of an Adler-32 checksum (RFC 1950, section 8.2) is one more than the sum of the
    bytes. It is computed without an object for each byte, which `sum` looks up.
    """
    if len(values) <= _SUMMED:
        return (adler32(values) & 0xFFFF) - 1
    return _sum(values[:_SUMMED]) + _sum(values[_SUMMED:])


def image_range(images: NDArray[np.uint8], layout: Layout = "HW") -> ImageRange:
    """What training images [n, *row] look like, with a margin: what a manifest keeps as `seen`.

    Each low end is divided and each high end multiplied by `MARGIN`, within 0 to 255.
    """
    figures = Brightness(images.shape[1:], layout).figures(images)
    border_mean, mean, maximum = (figures[:, i] for i in range(3))
    return ImageRange(
        content="image",
        border_mean=_widened(border_mean),
        mean=_widened(mean),
        maximum=_widened(maximum),
        histograms=ImageHistograms(
            border_mean=_histogram(border_mean),
            mean=_histogram(mean),
            maximum=_histogram(maximum),
        ),
    )


def _histogram(values: NDArray[np.float64]) -> Histogram:
    found = histogram_of(values)
    if found is None:
        raise ValueError("a range needs at least one image")
    return found


def _widened(values: NDArray[np.float64]) -> Range:
    # Rounded outwards: the images themselves are within.
    low = math.floor(10 * float(values.min()) / MARGIN) / 10
    high = math.ceil(10 * float(values.max()) * MARGIN) / 10
    return Range(low=low, high=min(high, _WHITE))
