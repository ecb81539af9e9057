"""`mnist`: the digit in any picture, normalised as MNIST's digits are.

Light ink on black, its bounding box scaled to fit 20x20 pixels with its aspect ratio, its centre of
mass in the middle of 28x28 (LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to
document recognition, 1998, section III.A).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.instances.fits.background import Ink, Values, separated
from service.instances.fits.strokes import digit_alone
from service.instances.pictures.channels import Pixels, is_transparent, laid_on, luma, split

SIDE = 28
_DIGIT = 20
# The centre of mass of MNIST's digits: pixel 14.0 of 0 to 27 either way, on average over the
# 60,000 training images.
_CENTRE = 14
# Larger pictures are reduced first: strokes stay several pixels wide and the rest is fast.
_WORKING_SIDE = 160
# Weaker ink does not widen the bounding box.
_IN_BOX = 0.1
# The brightest quarter of the ink becomes white, so that thin strokes do not stay grey.
_BRIGHT, _COUNTED = 75, 0.25
# A background whose brightness differs by less is called by one number.
_EVEN = 10


def normalised(pixels: Pixels) -> tuple[Pixels, list[str]]:
    """The digit as MNIST would hold it, and what was done.

    Args:
        pixels: as `fit.apply` takes them.

    Returns:
        uint8 [28, 28]

    Raises:
        RefusedError: no ink stands out from the background.
    """
    steps: list[str] = []
    grey = _reduced_grey(pixels, steps)
    ink = separated(grey)
    steps += _removal(ink)
    digit = _cropped(digit_alone(ink.strength))
    if digit.shape != grey.shape:
        factor = max(pixels.shape[:2]) / max(grey.shape)
        width, height = (round(side * factor) for side in digit.shape[::-1])
        steps.append(f"cropped to {width}x{height}")
    image = _centred(_stretched(_scaled(digit, steps)))
    steps.append("centred by mass")
    return image, steps


def _reduced_grey(pixels: Pixels, steps: list[str]) -> Values:
    """Opaque grey [height, width], at most `_WORKING_SIDE` pixels a side."""
    if pixels.ndim == 2:
        return np.asarray(_reduced(Image.fromarray(pixels.astype(np.float32))))
    return _grey(np.asarray(_reduced(Image.fromarray(pixels))), steps).astype(np.float32)


def _reduced(image: Image.Image) -> Image.Image:
    """Each pixel is the mean of those it covers."""
    factor = _WORKING_SIDE / max(image.size)
    if factor >= 1:
        return image
    width, height = (max(1, round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BOX)


def _grey(pixels: Pixels, steps: list[str]) -> Pixels:
    """Opaque grey [height, width]."""
    if is_transparent(pixels):
        background = _behind(pixels)
        pixels = laid_on(pixels, background)
        steps.append(f"laid on {_named(background)}")
    colours, _ = split(pixels)
    if colours.ndim == 3:
        steps.append("converted to grey")
    return luma(colours)


def _behind(pixels: Pixels) -> int:
    """The grey to lay transparent pixels on: the other end from ink of one brightness.

    Where visible pixels are dark and light, as a sheet with a digit is, their median continues.
    """
    colours, opacity = split(pixels)
    visible = luma(colours)[opacity > 127] if opacity is not None else luma(colours)
    if not visible.size:
        return 255
    low, middle, high = np.percentile(visible, (5, 50, 95))
    if high - low > 64:
        return round(float(middle))
    return 0 if middle > 127 else 255


def _named(grey: int) -> str:
    return {0: "black", 255: "white"}.get(grey, f"grey {grey}")


def _removal(ink: Ink) -> list[str]:
    low, high = ink.background
    steps = ["inverted: dark on light"] if ink.dark else []
    if high - low >= _EVEN:
        return [*steps, f"removed an uneven background of {low} to {high}"]
    level = (low + high) // 2
    return [*steps, f"removed a background of {level}"] if level or ink.dark else steps


def _cropped(strength: Values) -> Values:
    """The bounding box of the ink."""
    inked = strength > _IN_BOX
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return strength[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(digit: Values, steps: list[str]) -> Values:
    """As large as fits into 20x20: means where it shrinks, bicubic where it grows."""
    factor = _DIGIT / max(digit.shape)
    width, height = (max(1, round(side * factor)) for side in digit.shape[::-1])
    if factor == 1:
        return digit
    steps.append(f"scaled to {width}x{height}")
    method = Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(digit).resize((width, height), method))


def _stretched(digit: Values) -> Pixels:
    """Ink from 0 to 255."""
    white = float(np.percentile(digit[digit > _COUNTED * digit.max()], _BRIGHT))
    stretched: Pixels = np.rint(digit.clip(0, white) * (255 / white)).astype(np.uint8)
    return stretched


def _centred(digit: Pixels) -> Pixels:
    """In an image of 28x28, its centre of mass in the middle, nothing cut off."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (_offset(digit.sum(axis=axis)) for axis in (1, 0))
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


def _offset(mass: NDArray[np.integer]) -> int:
    """First pixel along an axis so that the centre of mass of a profile comes to the middle."""
    centre = float(mass @ np.arange(len(mass))) / float(mass.sum())
    return min(max(round(_CENTRE - centre), 0), SIDE - len(mass))
