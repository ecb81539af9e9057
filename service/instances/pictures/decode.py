"""The bytes of a PNG or JPEG to pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.errors import Location
from service.instances.pictures import channels, jpeg, png
from service.instances.pictures.exif import orientation, upright, upright_size
from service.instances.pictures.refused import (
    OversizedError,
    RefusedError,
    UnfitError,
    translate_errors,
)
from service.instances.spec import ImageSpec


def decode(
    data: bytes,
    spec: ImageSpec,
    max_pixels: int,
    where: str,
    loc: Location | None = None,
    *,
    fits: bool = True,
) -> NDArray[np.uint8]:
    """The image of a PNG or JPEG that has the model's size and channels already.

    It is turned upright as its EXIF orientation says. A grey picture is taken for an RGB model as
    three equal channels. Colour for a grey model, transparency for one without opacity and 16 bits
    are refused, as is every file that does not hold what its header says. A JPEG has no checksum:
    `jpeg` says which damage is not detected.

    Args:
        data: the file.
        spec: the images that the model takes; the size is compared with the file's header before
            anything is inflated.
        max_pixels: the most pixels by the header.
        where: the picture's name, with which every message begins.
        loc: its place in the body.
        fits: whether messages may advise a fit.

    Returns:
        uint8 in the shape and layout of the model's images

    Raises:
        InvalidError: no PNG or JPEG, a broken one, or one of another size or other channels.
        TooLargeError: more pixels than the limit.
    """
    with translate_errors(where, loc, fits=fits):
        picture = _opened(data, max_pixels)
        width, height = picture.size
        if (height, width) != (spec.height, spec.width):
            raise UnfitError(
                f"is {width}x{height} pixels; the model takes {spec.size}", "resize it", spec.fit
            )
        return spec.laid_out(channels.exact(picture.pixels(), spec))


def read(
    data: bytes, max_pixels: int, where: str, loc: Location | None = None
) -> NDArray[np.uint8]:
    """The upright pixels of a PNG or JPEG of any size.

    Returns:
        uint8 [height, width] for grey, or [height, width, channels]: 2 for grey and opacity, 3 for
        RGB, 4 for RGB and opacity

    Raises:
        InvalidError: no PNG or JPEG, or a broken one.
        TooLargeError: more pixels than the limit.
    """
    with translate_errors(where, loc):
        return _opened(data, max_pixels).pixels()


@dataclass(frozen=True)
class _Upright:
    """An audited picture; size is (width, height) once upright."""

    size: tuple[int, int]
    orientation: int
    stored: png.Png | jpeg.Jpeg

    def pixels(self) -> NDArray[np.uint8]:
        return upright(self.stored.pixels(), self.orientation)


def _opened(data: bytes, max_pixels: int) -> _Upright:
    if data.startswith(png.SIGNATURE):
        stored: png.Png | jpeg.Jpeg = png.read(data)
    elif data.startswith(jpeg.SIGNATURE):
        stored = jpeg.read(data)
    else:
        raise RefusedError(f"holds {len(data)} bytes that are not a readable PNG or JPEG")
    width, height = stored.size
    if width * height > max_pixels:
        raise OversizedError(
            f"is {width}x{height}, {width * height} pixels; at most {max_pixels} are decoded"
        )
    turned = orientation(stored.exif)
    return _Upright(upright_size(width, height, turned), turned, stored)
