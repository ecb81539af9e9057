"""Channels of pixels: grey, RGB and opacity, exactly or by conversion.

Pixels are uint8 [height, width] for grey, or [height, width, channels] with 2 (grey and opacity),
3 (RGB) or 4 (RGB and opacity) channels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.instances.pictures.refused import UnfitError
from service.instances.spec import ImageSpec

Pixels = NDArray[np.uint8]

_OPAQUE = 255


def exact(pixels: Pixels, spec: ImageSpec) -> Pixels:
    """Pixels with the channels of a model, no value changed.

    Grey becomes RGB of three equal channels, and RGB of equal channels grey. Opacity is added or
    dropped where it is full everywhere.

    Returns:
        [height, width] for one channel, else [height, width, channels]

    Raises:
        UnfitError: colour for a grey model, or transparency for one without opacity.
    """
    colours, opacity = split(pixels)
    if spec.channels == 4:
        return _with_opacity(_rgb(colours), opacity)
    if opacity is not None and (opacity != _OPAQUE).any():
        raise UnfitError(
            f"is transparent in places; the model takes opaque {spec.colour}",
            "make it opaque",
            spec.fit,
        )
    if spec.channels == 3:
        return _rgb(colours)
    if colours.ndim == 3 and (colours != colours[..., :1]).any():
        raise UnfitError("is in colour; the model takes grey", "convert it to grey", spec.fit)
    return colours if colours.ndim == 2 else colours[..., 0]


def split(pixels: Pixels) -> tuple[Pixels, Pixels | None]:
    """Grey [height, width] or RGB [height, width, 3], and the opacity [height, width] if any."""
    if pixels.ndim == 2:
        return pixels, None
    channels = pixels.shape[2]
    colours = pixels[..., 0] if channels < 3 else pixels[..., :3]
    return colours, pixels[..., -1] if channels in (2, 4) else None


def is_transparent(pixels: Pixels) -> bool:
    """True if some pixel is not opaque."""
    _, opacity = split(pixels)
    return opacity is not None and bool((opacity != _OPAQUE).any())


def laid_on(pixels: Pixels, background: int) -> Pixels:
    """The opaque colours of pixels laid on a background of one grey."""
    colours, opacity = split(pixels)
    if opacity is None:
        return colours
    weight = opacity.astype(np.uint16).reshape(*opacity.shape, *(1,) * (colours.ndim - 2))
    mixed = colours * weight + background * (_OPAQUE - weight) + _OPAQUE // 2
    return (mixed // _OPAQUE).astype(np.uint8)


def luma(colours: Pixels) -> Pixels:
    """Grey [height, width] of opaque colours: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601)."""
    if colours.ndim == 2:
        return colours
    return np.asarray(Image.fromarray(colours).convert("L"))


def _rgb(colours: Pixels) -> Pixels:
    return np.repeat(colours[..., None], 3, axis=2) if colours.ndim == 2 else colours


def _with_opacity(rgb: Pixels, opacity: Pixels | None) -> Pixels:
    full = np.full(rgb.shape[:2], _OPAQUE, np.uint8) if opacity is None else opacity
    return np.concatenate([rgb, full[..., None]], axis=2)
