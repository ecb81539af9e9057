"""The bytes of a picture -> upright pixels of 8 bits, strictly.

Pixels are what the service makes of the same file with `"fit": "resize"` (docs/pictures.md):
turned upright, transparent places laid on white, scaled with the aspect ratio kept, the rest
filled with the median colour of the border.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from training.fit.images.rows import Pixels

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
MOST_PIXELS = 50_000_000
# Modes of 8 bits or fewer; others would lose what they hold.
_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA"})
_SIDEWAYS = frozenset({5, 6, 7, 8})
_ORIENTATION = 0x0112
_WHITE = (255, 255, 255, 255)
_ERRORS = (
    OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, OverflowError,
    IndexError, KeyError, TypeError, UnidentifiedImageError, Image.DecompressionBombError,
)  # fmt: skip


class PictureError(Exception):
    """A picture that is not learnt from; the message is the reason."""


@dataclass(frozen=True)
class Header:
    """Upright size in pixels."""

    width: int
    height: int


def header(data: bytes) -> Header:
    """The size of a picture, without decoding a pixel.

    Raises:
        PictureError: no picture, or one that is not learnt from.
    """
    with warnings.catch_warnings(action="ignore"):  # of odd metadata
        try:
            with _open(data) as image:
                turned = image.getexif().get(_ORIENTATION, 1) in _SIDEWAYS
                width, height = image.size[::-1] if turned else image.size
        except _ERRORS as error:
            raise PictureError(_reason(error)) from error
    return Header(width, height)


def decode(data: bytes, size: tuple[int, int]) -> Pixels:
    """The whole picture in a size (height, width), uint8 [height, width, 3].

    Raises:
        PictureError: the file is broken.
    """
    with warnings.catch_warnings(action="ignore"):
        try:
            with _open(data) as image:
                image.load()
                upright = ImageOps.exif_transpose(image)
                return _padded(_scaled(_rgb(upright), size), size)
        except _ERRORS as error:
            raise PictureError(_reason(error)) from error


def _open(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise PictureError(f"it holds {frames} frames; keep one")
    if image.mode not in _MODES:
        raise PictureError(f"its pixels are {image.mode}; convert it to 8-bit grey or RGB")
    if image.width * image.height > MOST_PIXELS:
        raise PictureError(
            f"it is {image.width}x{image.height}; the limit is {MOST_PIXELS:,} pixels: shrink it"
        )
    return image


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"it is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    return f"it cannot be decoded ({str(error).partition(chr(10))[0] or type(error).__name__})"


def _rgb(image: Image.Image) -> Image.Image:
    """RGB, or RGBA until it is scaled: colours behind full transparency must not bleed in."""
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("RGB")


def _scaled(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """As large as fits into the size, opaque: uint8 [height, width, 3]."""
    factor = min(size[0] / image.height, size[1] / image.width)
    fitting = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    if fitting != image.size:
        image = image.resize(fitting, Image.Resampling.BILINEAR)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image).convert("RGB")
    return np.asarray(image)


def _padded(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """In the middle of an image of the size, on the median colour of the picture's border."""
    height, width = pixels.shape[:2]
    if (height, width) == size:
        return pixels
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    image = np.empty((*size, 3), np.uint8)
    image[:] = np.median(edge, axis=0).astype(np.uint8)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    image[top : top + height, left : left + width] = pixels
    return image
