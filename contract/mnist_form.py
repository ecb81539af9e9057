"""MNIST's form, made alike in training and by the service.

Light ink on black, its bounding box scaled to fit 20x20 pixels with its aspect ratio, its centre of
mass in the middle of 28x28 (LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to
document recognition, 1998, section III.A). Scaling is left to the caller, who has an image library.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
# Strength of the ink, 0 to 1.
Ink = NDArray[np.float32]

SIDE, BOX = 28, 20
# The centre of mass of MNIST's digits: pixel 14.0 of 0 to 27 either way, on average over the
# 60,000 training images.
CENTRE = 14
# Larger pictures are reduced first: strokes stay several pixels wide and the rest is fast.
WORKING_SIDE = 160
# Weaker ink does not widen the bounding box.
IN_BOX = 0.1
# The brightest quarter of the ink becomes white, so that thin strokes do not stay grey.
_BRIGHT, _COUNTED = 75, 0.25


def reduced_size(height: int, width: int) -> tuple[int, int]:
    """Width and height of a picture reduced to `WORKING_SIDE`; its own if it is no larger."""
    factor = min(1.0, WORKING_SIDE / max(height, width))
    return _size(height, width, factor)


def cropped(ink: Ink) -> Ink:
    """The bounding box of the ink, of which at least one pixel must be above `IN_BOX`."""
    inked = ink > IN_BOX
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def fitted_size(height: int, width: int) -> tuple[int, int]:
    """Width and height of a bounding box that is as large as fits into 20x20."""
    return _size(height, width, BOX / max(height, width))


def centred(digit: Ink) -> Pixels:
    """Ink of the fitted size in the middle of an image by its mass, uint8 [28, 28]."""
    white = float(np.percentile(digit[digit > _COUNTED * digit.max()], _BRIGHT))
    pixels = np.rint(digit.clip(0, white) * (255 / white)).astype(np.uint8)
    image = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (_offset(pixels.sum(axis=axis)) for axis in (1, 0))
    image[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return image


def _size(height: int, width: int, factor: float) -> tuple[int, int]:
    """At least a pixel either way: a line is not scaled away."""
    return max(1, round(width * factor)), max(1, round(height * factor))


def _offset(mass: NDArray[np.integer]) -> int:
    """First pixel along an axis so that the centre of mass comes to the middle, nothing cut off."""
    centre = float(mass @ np.arange(len(mass))) / float(mass.sum())
    return min(max(round(CENTRE - centre), 0), SIDE - len(mass))
