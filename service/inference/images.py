"""The bytes of a PNG or JPEG -> grey pixels. Nothing is resized, cropped or guessed."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from service.errors import InvalidError, Location, ServiceError, TooLargeError
from service.settings import Settings

# The limit is ours, from the settings, and judged right after the header is read.
Image.MAX_IMAGE_PIXELS = None
_FORMATS = ("PNG", "JPEG")
_GREYSCALE = frozenset({"L", "1"})
_CONVERTIBLE = frozenset({"LA", "P", "PA", "RGB", "RGBA"})


def picture(
    data: bytes,
    shape: tuple[int, ...],
    settings: Settings,
    where: str,
    loc: Location | None = None,
) -> NDArray[np.uint8]:
    """Decode one picture.

    Args:
        data: the bytes of a PNG or JPEG.
        shape: (height, width) it must have.
        where: what holds it, as the subject of a sentence.
        loc: where in a request's body it stands.

    Returns:
        uint8 [height, width]

    Raises:
        InvalidError: no picture, a broken one, another size, in colour or transparent.
        TooLargeError: more pixels than the limit.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_header(image, shape, settings, where, loc)
            return _grey(image, where, loc)
    except UnidentifiedImageError as error:
        raise InvalidError(
            f"{where} holds {len(data)} bytes that are no readable PNG or JPEG", loc=loc
        ) from error
    except ServiceError:
        raise
    except Exception as error:
        # Pillow's plugins raise whatever their parsing raises: here, and only here, all counts.
        raise InvalidError(f"{where} is a broken picture: {error}", loc=loc) from error


def _check_header(
    image: Image.Image,
    shape: tuple[int, ...],
    settings: Settings,
    where: str,
    loc: Location | None,
) -> None:
    """Judge by the header; nothing has been decompressed yet."""
    width, height = image.size
    if width * height > settings.max_image_pixels:
        raise TooLargeError(
            f"{where} is {width}x{height}, {width * height} pixels; at most "
            f"{settings.max_image_pixels} are decoded",
            loc=loc,
        )
    if (height, width) != shape:
        raise InvalidError(
            f"{where} is {width}x{height} pixels; the model takes {shape[1]}x{shape[0]}, "
            "resize it first",
            loc=loc,
        )
    if getattr(image, "n_frames", 1) > 1:
        raise InvalidError(f"{where} is animated; send a single picture", loc=loc)


def _grey(image: Image.Image, where: str, loc: Location | None) -> NDArray[np.uint8]:
    """The pixels, if they are grey: colour and transparency are refused, not guessed away."""
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode in _GREYSCALE:
        return np.asarray(upright.convert("L"))
    if upright.mode not in _CONVERTIBLE:
        raise InvalidError(f"{where} has colour mode {upright.mode}; send 8-bit greyscale", loc=loc)
    channels = np.asarray(upright.convert("RGBA"))
    if (channels[..., 3] != 255).any():
        raise InvalidError(f"{where} is transparent in places; send 8-bit greyscale", loc=loc)
    if (channels[..., :1] != channels[..., :3]).any():
        raise InvalidError(f"{where} is in colour; send 8-bit greyscale", loc=loc)
    return channels[..., 0]
