"""Ink apart from its background, dark on light or light on dark, also in uneven light.

The background of dark ink is what a morphological closing leaves: dark places narrower than its
window are filled with the brightness around them, so strokes vanish while slopes and shadows stay
(Serra, Image Analysis and Mathematical Morphology, 1982). A window larger than a stroke does not
fit into a small picture; there the background is one brightness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.instances.pictures.refused import RefusedError

Values = NDArray[np.float32]
_Extreme = Callable[[Values, Values], Values]

# Smaller pictures have a background of one brightness.
_SMALL = 32
# Side of the window as a share of the longer side: wider than any stroke.
_WINDOW = 0.4
# Ink is what stands out by more than the noise, and by more than blurred edges do.
_NOISE, _FAINT = 3, 0.1
# Below this many times the noise, nothing stands out: a sheet of blank paper.
_BLANK = 4
_STEPS = 4
# Standard deviation of normal noise from its median absolute deviation.
_DEVIATION = 1.4826


@dataclass(frozen=True)
class Ink:
    """Ink of a picture: strength [height, width], from 0, background, to 1.

    dark: whether it is darker than the background.
    background: the darkest and the brightest background, 0 to 255.
    """

    strength: Values
    dark: bool
    background: tuple[int, int]


def separated(grey: Values) -> Ink:
    """The ink of a grey picture [height, width], 0 to 255.

    Raises:
        RefusedError: nothing stands out from the background.
    """
    if grey.max() == grey.min():
        raise RefusedError(f"holds no ink: all of its pixels are {grey.flat[0]:.0f}")
    if min(grey.shape) < _SMALL:
        dark = _dark_in_small(grey)
        background = None
    else:
        smooth = _box_mean(grey, 3)
        dark = _dark_in_large(smooth)
        background = _closed(smooth) if dark else -_closed(-smooth)
    return _ink(grey, dark, background)


def _ink(grey: Values, dark: bool, background: Values | None) -> Ink:
    """How far each pixel stands out, as a share of how far ink does."""
    base: Any = 0 if background is None else background
    contrast = base - grey if dark else grey - base
    paper, level, full = _two_levels(contrast)
    noise = _DEVIATION * float(np.median(np.abs(contrast[paper] - level)))
    if full <= _BLANK * noise:
        raise RefusedError("holds no ink that stands out from its background")
    least = max(_NOISE * noise, _FAINT * full)
    strength = ((contrast - level - least) / (full - least)).clip(0, 1)
    brightness = np.median(grey[paper]) if background is None else background
    low, high = np.percentile(brightness, (1, 99))
    return Ink(strength.astype(np.float32), dark, (round(float(low)), round(float(high))))


def _two_levels(values: Values) -> tuple[NDArray[np.bool_], float, float]:
    """Which values belong to the lower of two levels, that level, and how far the other is above.

    The threshold is the mean of both levels, each the median of its side; found by iteration as in
    Ridler and Calvard, Picture thresholding using an iterative selection method, 1978.
    """
    threshold = (float(values.min()) + float(values.max())) / 2
    for _ in range(_STEPS):
        lower = values <= threshold
        level, high = float(np.median(values[lower])), float(np.median(values[~lower]))
        before, threshold = threshold, (level + high) / 2
        if threshold == before:
            break
    return lower, level, high - level


def _dark_in_small(grey: Values) -> bool:
    """Whether ink is dark, from the border, which is background for the most part."""
    lower, _, _ = _two_levels(grey)
    border = np.concatenate([lower[0], lower[-1], lower[:, 0], lower[:, -1]])
    return bool(border.mean() < 0.5)


def _dark_in_large(smooth: Values) -> bool:
    """Whether ink is dark, from the skewness of what differs from the surroundings.

    Ink covers little of its surroundings, so it differs from their mean by more than paper does;
    slopes, shadows and noise differ to both sides alike.
    """
    local = smooth - _box_mean(smooth, _window(smooth))
    return bool((local**3).sum() < 0)


def _window(values: Values) -> int:
    """An odd number of pixels."""
    return int(max(values.shape) * _WINDOW) | 1


def _box_mean(values: Values, side: int) -> Values:
    """Mean over the square of an odd side around each pixel; pixels outside are mirrored."""
    half = side // 2
    for _ in range(2):
        padded = np.pad(values, ((half + 1, half), (0, 0)), mode="symmetric")
        sums = np.cumsum(padded, axis=0, dtype=np.float64)
        values = ((sums[side:] - sums[:-side]) / side).astype(np.float32).T
    return values


def _closed(values: Values) -> Values:
    """Morphological closing with a square window; pixels outside are those of the border."""
    side = _window(values)
    half = side // 2
    padded = np.pad(values, half, mode="edge")
    closed = _extremes(_extremes(padded, side, np.maximum), side, np.minimum)
    return closed[half:-half, half:-half]


def _extremes(values: Values, side: int, extreme: _Extreme) -> Values:
    """Extremes over the square of an odd side around each pixel, by doubling windows."""
    half = side // 2
    for _ in range(2):
        values, covered = np.pad(values, ((half, half), (0, 0)), mode="edge"), 1
        while covered < side:
            step = min(covered, side - covered)
            values = extreme(values[:-step], values[step:])
            covered += step
        values = values.T
    return values
