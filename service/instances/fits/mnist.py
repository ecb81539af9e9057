"""`mnist`: the digit in any picture, normalised as MNIST's digits are (`contract.mnist_form`)."""

from __future__ import annotations

import numpy as np
from PIL import Image

from contract.mnist_form import BOX, centred, cropped, fitted_size, reduced_size
from service.instances.fits.background import Ink, Values, separated
from service.instances.fits.strokes import digit_alone
from service.instances.pictures.channels import Pixels, is_transparent, laid_on, luma, split

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
    digit = cropped(digit_alone(ink.strength))
    if digit.shape != grey.shape:
        factor = max(pixels.shape[:2]) / max(grey.shape)
        width, height = (round(side * factor) for side in digit.shape[::-1])
        steps.append(f"cropped to {width}x{height}")
    image = centred(_scaled(digit, steps))
    steps.append("centred by mass")
    return image, steps


def _reduced_grey(pixels: Pixels, steps: list[str]) -> Values:
    """Opaque grey [height, width], at most `WORKING_SIDE` pixels a side."""
    if pixels.ndim == 2:
        return np.asarray(_reduced(Image.fromarray(pixels.astype(np.float32))))
    return _grey(np.asarray(_reduced(Image.fromarray(pixels))), steps).astype(np.float32)


def _reduced(image: Image.Image) -> Image.Image:
    """Each pixel is the mean of those it covers."""
    size = reduced_size(image.height, image.width)
    return image if size == image.size else image.resize(size, Image.Resampling.BOX)


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


def _scaled(digit: Values, steps: list[str]) -> Values:
    """As large as fits into 20x20: means where it shrinks, bicubic where it grows."""
    if max(digit.shape) == BOX:
        return digit
    width, height = fitted_size(*digit.shape)
    steps.append(f"scaled to {width}x{height}")
    method = Image.Resampling.BOX if max(digit.shape) > BOX else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(digit).resize((width, height), method))
