"""A picture in MNIST's form, which the convolutions of a network of MNIST know.

`contract.mnist_form` says what that is. The service's `"fit": "mnist"` makes the same of the same
picture where the light is even (docs/pictures.md); it also removes shadows and specks, which
pictures to learn from should not have.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from contract.mnist_form import BOX, SIDE, Ink, Pixels, centred, cropped, fitted_size, reduced_size

# Ink is what stands out by more than this share, and by more than the noise.
_FAINT, _NOISE, _BLANK = 0.1, 3, 4
# Standard deviation of normal noise from its median absolute deviation.
_DEVIATION = 1.4826
# Mean of the outermost pixels up to which ink is light on dark, as MNIST's.
_DARK_BORDER = 32


def in_form(pixels: Pixels) -> Pixels | None:
    """An image of 28x28, or None if nothing stands out from the background.

    One that is 28x28 already, light ink on dark, stays as it is.

    Args:
        pixels: uint8 [height, width] or RGB [height, width, 3].
    """
    grey = pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))
    if grey.shape == (SIDE, SIDE) and grey.any() and _border(grey).mean() <= _DARK_BORDER:
        return grey
    ink = ink_of(grey)
    return None if ink is None else fitted(ink)


def ink_of(grey: Pixels) -> Ink | None:
    """Strength of the ink from 0, background, to 1, or None if nothing stands out.

    Ink may be dark on light or light on dark; the border is background for the most part.

    Returns:
        float32 [height, width], at most `WORKING_SIDE` pixels a side
    """
    values = _reduced(grey.astype(np.float32))
    if values.max() == values.min():
        return None
    lower, _, _ = _two_levels(values)
    contrast = -values if _border(lower).mean() < 0.5 else values
    paper, level, full = _two_levels(contrast)
    noise = _DEVIATION * float(np.median(np.abs(contrast[paper] - level)))
    if full <= _BLANK * noise:
        return None
    least = max(_NOISE * noise, _FAINT * full)
    return ((contrast - level - least) / (full - least)).clip(0, 1).astype(np.float32)


def fitted(ink: Ink) -> Pixels:
    """Ink in the middle of an image, uint8 [28, 28]; at least one pixel must be above 0.1.

    Args:
        ink: [height, width], 0 to 1.
    """
    return centred(_scaled(cropped(ink)))


def _reduced(values: Ink) -> Ink:
    """At most `WORKING_SIDE` pixels a side; each is the mean of those it covers."""
    width, height = reduced_size(*values.shape)
    if (height, width) == values.shape:
        return values
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BOX))


def _two_levels(values: Ink) -> tuple[NDArray[np.bool_], float, float]:
    """Which values belong to the lower of two levels, that level, and the distance to the upper.

    The threshold is the mean of both, each the median of its side (Ridler and Calvard, 1978).
    """
    threshold = (float(values.min()) + float(values.max())) / 2
    for _ in range(4):
        lower = values <= threshold
        low, high = float(np.median(values[lower])), float(np.median(values[~lower]))
        before, threshold = threshold, (low + high) / 2
        if threshold == before:
            break
    return lower, low, high - low


def _border(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """The outermost pixels."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def _scaled(box: Ink) -> Ink:
    """As large as fits into 20x20: means where it shrinks, bicubic where it grows."""
    if max(box.shape) == BOX:
        return box
    method = Image.Resampling.BOX if max(box.shape) > BOX else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(box).resize(fitted_size(*box.shape), method))
