"""bytes -> pixels of one picture, and the one seam where everything foreign is translated."""

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
    """The pixels of a PNG or JPEG, turned upright as its EXIF orientation says.

    Colour, transparency and 16 bits are refused, not guessed away; so is every file that does not
    hold what its header says. A JPEG has no checksum: see `jpeg` for the damage that is not seen.

    Args:
        data: the file.
        shape: (height, width) it must have once upright.
        max_pixels: the most pixels, judged by the header before anything is inflated.
        where: the picture's name, with which every message begins.
        loc: where it stands in a body.

    Returns:
        uint8 [height, width]

    Raises:
        InvalidError: no PNG or JPEG, a broken one, a wrong size, or no 8-bit grey.
        TooLargeError: more pixels than the limit.
    """
    try:
        return _decode(data, shape, max_pixels, where, loc)
    except (ServiceError, MemoryError):
        raise
    except RefusedError as error:
        raise InvalidError(f"{where} {error}", loc=loc) from error
    except Exception as error:
        # What Pillow raises for a broken file is not documented, and has been anything.
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
    raise RefusedError(f"holds {len(data)} bytes that are no readable PNG or JPEG")


def _grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[height, width] of grey pixels with any channels, the last of 2 or 4 being opacity."""
    if pixels.ndim == 2:
        return pixels
    channels = pixels.shape[2]
    if channels in (2, 4) and (pixels[..., -1] != 255).any():
        raise RefusedError("is transparent in places; send 8-bit greyscale")
    if channels > 2 and (pixels[..., :1] != pixels[..., :3]).any():
        raise RefusedError("is in colour; send 8-bit greyscale")
    return pixels[..., 0]
