"""Images of a request: nested lists of numbers, or a PNG or JPEG, as it is or as base64 text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np

from contract.batch import Array
from contract.tensors import Input
from service.errors import InvalidError, TooLargeError
from service.instances import pictures
from service.instances.arrays import ArrayDecoder
from service.instances.base64 import decode_base64
from service.instances.fits import Fit, FitReport, apply
from service.instances.nested import PIXELS, PLANES, ROWS, any_shape_of, pixels_of
from service.instances.pictures.channels import Pixels
from service.instances.pictures.refused import translate_errors
from service.instances.places import location
from service.instances.spec import ImageSpec

# A fit decodes pictures of any size: all of a request together may have this many times the
# pixels of one, or a small body could keep the service busy for minutes.
_PICTURES_PER_REQUEST = 16
_AXES = {"HW": ROWS, "HWC": PIXELS, "CHW": PLANES}


class ImageDecoder:
    """Decodes the images of one input. Safe to call from several threads.

    Args:
        tensor: an input whose content is `image`.
        max_pixels: the most pixels of one picture.
    """

    def __init__(self, tensor: Input, max_pixels: int) -> None:
        self._spec = ImageSpec.of(tensor)
        self._datatype = tensor.datatype
        self._dtype = tensor.dtype
        self._arrays = ArrayDecoder(tensor)
        self._max_pixels = max_pixels
        self._axes = _AXES[self._spec.layout]
        self._advice = (
            f', or base64 text of a PNG or JPEG; send "fit": "{self._spec.fit}" for other sizes'
        )

    def decode(
        self,
        instances: list[Any],
        where: Sequence[str],
        fit: Fit = "none",
        *,
        booleans: bool = True,
    ) -> tuple[Array, list[FitReport] | None]:
        """The images as one array, and what a fit did to each.

        Args:
            instances: each a nested list in the shape of the model's images, or a PNG or JPEG of
                that size, as bytes or base64 text. With a fit, pictures of any size, and nested
                lists [height][width] or [height][width][3 or 4] of integers from 0 to 255.
            where: the place of each instance, for messages: `instances[0]`.
            fit: `none` takes images as they are.
            booleans: False when the body holds no JSON boolean, which saves a look at each pixel.

        Returns:
            [n, *row] of the model's datatype; the reports, None without a fit

        Raises:
            InvalidError: a wrong shape, a wrong value, no picture, or a picture without ink.
            TooLargeError: more pixels than the limits.
        """
        if fit != "none":
            return self._fit(instances, where, fit)
        if self._datatype == "UINT8":
            # One copy for all images: a mutable buffer, since arrays over bytes are read-only.
            pixels = map(self._pixels, instances, where, repeat(booleans))
            images = np.frombuffer(bytearray().join(pixels), np.uint8)
            return images.reshape(-1, *self._spec.row), None
        return np.stack(list(map(self._image, instances, where))), None

    def _pixels(self, instance: Any, where: str, booleans: bool) -> bytes:
        if isinstance(instance, str | bytes):
            return self._picture(instance, where).tobytes()
        return pixels_of(instance, self._spec.row, self._axes, where, booleans, self._advice)

    def _image(self, instance: Any, where: str) -> Array:
        if isinstance(instance, str | bytes):
            image: Array = self._picture(instance, where).astype(self._dtype)
            return image
        numbers: Array = self._arrays.decode([instance], [where])[0]
        return numbers

    def _picture(self, picture: str | bytes, where: str) -> Pixels:
        """An encoded picture that has the model's size and channels."""
        self._check_datatype(where)
        loc = location(where)
        data = _file(picture, where)
        return pictures.decode(data, self._spec, self._max_pixels, where, loc)

    def _check_datatype(self, where: str) -> None:
        """Refuse pixels for a model of real numbers: 255 may be meant to be 255 or 1."""
        if self._datatype.startswith("FP"):
            raise InvalidError(
                f"{where} is a picture; the model takes {self._datatype} numbers, and its manifest "
                "does not say which number a pixel becomes; send the numbers",
                loc=location(where),
            )

    def _fit(
        self, instances: list[Any], where: Sequence[str], fit: Fit
    ) -> tuple[Array, list[FitReport]]:
        """Pictures of any size as images of the model."""
        images = np.empty((len(instances), *self._spec.row), self._dtype)
        reports, remaining = [], _PICTURES_PER_REQUEST * self._max_pixels
        for i, instance in enumerate(instances):
            self._check_datatype(where[i])
            pixels = self._any_picture(instance, where[i])
            remaining -= pixels.shape[0] * pixels.shape[1]
            if remaining < 0:
                raise TooLargeError(
                    f"{where[i]} and the pictures before it have more than "
                    f"{_PICTURES_PER_REQUEST * self._max_pixels} pixels; send fewer per request",
                    loc=location(where[i]),
                )
            with translate_errors(where[i], location(where[i])):
                images[i], report = apply(pixels, self._spec, fit)
            reports.append(report)
        return images, reports

    def _any_picture(self, instance: Any, where: str) -> Pixels:
        """A picture of any size: uint8 [height, width] or [height, width, channels]."""
        loc = location(where)
        if isinstance(instance, str | bytes):
            return pictures.read(_file(instance, where), self._max_pixels, where, loc)
        shape = any_shape_of(instance, where)
        if shape[0] * shape[1] > self._max_pixels:
            raise TooLargeError(
                f"{where} is {shape[1]}x{shape[0]}, {shape[0] * shape[1]} pixels; at most "
                f"{self._max_pixels} are taken",
                loc=loc,
            )
        return np.frombuffer(pixels_of(instance, shape, PIXELS, where), np.uint8).reshape(shape)


def _file(picture: str | bytes, where: str) -> bytes:
    """The bytes of a picture, as they were sent or from base64 text."""
    if isinstance(picture, bytes):
        return picture
    return decode_base64(picture, where, location(where))
