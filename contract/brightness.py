"""Brightness of images, measured alike in training and by the service.

Training writes the range of its images into the manifest; the service warns of images outside it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contract.tensors import ImageRange, Layout, Range

# How far a range is widened, as a factor: see docs/decisions/0023.
MARGIN = 1.5
_WHITE = 255


class Totals(NamedTuple):
    """Per image, [n]: sum of the border's values, sum of all values, and the largest value."""

    border: NDArray[np.uint32]
    all: NDArray[np.uint32]
    maximum: NDArray[np.uint8]


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
        self.border_values = len(self._border)
        self.values = math.prod(row)

    def totals(self, images: NDArray[np.uint8]) -> Totals:
        """Sums and maxima of images [n, *row]: integers, so that one image costs 4 microseconds."""
        flat = images.reshape(len(images), -1)
        return Totals(
            np.add.reduce(flat.take(self._border, axis=1), axis=1, dtype=np.uint32),
            np.add.reduce(flat, axis=1, dtype=np.uint32),
            np.maximum.reduce(flat, axis=1),
        )


def image_range(images: NDArray[np.uint8], layout: Layout = "HW") -> ImageRange:
    """What training images [n, *row] look like, with a margin: what a manifest keeps as `seen`.

    Each low end is divided and each high end multiplied by `MARGIN`, within 0 to 255.
    """
    brightness = Brightness(images.shape[1:], layout)
    totals = brightness.totals(images)
    return ImageRange(
        content="image",
        border_mean=_widened(totals.border / brightness.border_values),
        mean=_widened(totals.all / brightness.values),
        maximum=_widened(totals.maximum),
    )


def _widened(values: NDArray[np.generic]) -> Range:
    low, high = float(values.min()) / MARGIN, float(values.max()) * MARGIN
    return Range(low=round(low, 1), high=min(round(high, 1), _WHITE))
