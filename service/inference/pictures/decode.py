"""Decode one picture, and translate every foreign error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidError, Location, ServiceError, TooLargeError
from service.inference.pictures import jpeg, png
from service.inference.pictures.exif import orientation, upright, upright_size
from service.inference.pictures.refused import RefusedError


def decode(
    data: bytes,
    shape: tuple[int, ...],
    max_pixels: int,
    where: str,
    loc: Location | None = None,
) -> NDArray[np.uint8]:
    """The grey pixels of a PNG or JPEG, turned upright by its EXIF orientation.

    Colour, transparency, 16 bits and files that contradict their header are refused, never
    converted. A JPEG has no checksum; the docstring of `jpeg` lists the damage it cannot detect.

    Args:
        data: the file.
        shape: required (height, width) of the upright picture.
        max_pixels: most pixels, checked in the header before anything is decompressed.
        where: the picture's name, which begins every message.
        loc: the picture's place in the body.

    Returns:
        uint8 [height, width]

    Raises:
        InvalidError: not a PNG or JPEG, broken, of another size, or not 8-bit grey.
        TooLargeError: more than `max_pixels` pixels.
    """
    try:
        return _decode(data, shape, max_pixels, where, loc)
    except (ServiceError, MemoryError):
        raise
    except RefusedError as error:
        raise InvalidError(f"{where} {error}", loc=loc) from error
    except Exception as error:
        # Pillow does not document what it raises for a broken file; it can be any exception.
        reason = str(error) or type(error).__name__
        raise InvalidError(f"{where} is a broken picture: {reason}", loc=loc) from error


def _decode(
    data: bytes, shape: tuple[int, ...], max_pixels: int, where: str, loc: Location | None
) -> NDArray[np.uint8]:
    picture = _read(data)
    width, height = picture.size
    if width * height > max_pixels:
        raise TooLargeError(
            f"{where} is {width}x{height}, {width * height} pixels; at most {max_pixels} are "
            "decoded",
            loc=loc,
        )
    turned = orientation(picture.exif)
    width, height = upright_size(width, height, turned)
    if (height, width) != shape:
        raise RefusedError(
            f"is {width}x{height} pixels; the model takes {shape[1]}x{shape[0]}, resize it first"
        )
    return upright(_grey(picture.pixels()), turned)


def _read(data: bytes) -> png.Png | jpeg.Jpeg:
    if data.startswith(png.SIGNATURE):
        return png.read(data)
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.read(data)
    raise RefusedError(f"holds {len(data)} bytes that are not a readable PNG or JPEG")


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey pixels [height, width] of a picture [height, width, channels].

    The last of 2 or 4 channels is opacity.

    Raises:
        RefusedError: a pixel is coloured or transparent.
    """
    if pixels.ndim == 2:
        return pixels
    channels = pixels.shape[2]
    if channels in (2, 4) and (pixels[..., -1] != 255).any():
        raise RefusedError("is transparent in places; send 8-bit greyscale")
    if channels > 2 and (pixels[..., :1] != pixels[..., :3]).any():
        raise RefusedError("is in colour; send 8-bit greyscale")
    return pixels[..., 0]
