"""Instances of an image model: nested lists of integers, or an encoded picture."""

from __future__ import annotations

import base64
import binascii
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from contract.messages import describe
from service.errors import InvalidError
from service.inference import pictures


def decode(
    instances: list[Any], shape: tuple[int, ...], max_pixels: int, *, booleans: bool = True
) -> NDArray[np.uint8]:
    """Decode the images of a request.

    Args:
        instances: each a list of `height` lists of `width` integers 0-255, or base64 text of a
            PNG or JPEG of that size.
        shape: (height, width) of the model's images.
        max_pixels: most pixels of an encoded picture.
        booleans: False when the body holds no JSON boolean, which saves a look at each pixel.

    Returns:
        uint8 [n, height, width]

    Raises:
        InvalidError: a wrong shape, a wrong pixel, or no picture.
        TooLargeError: a picture of too many pixels.
    """
    found = np.empty((len(instances), *shape), np.uint8)
    for i, instance in enumerate(instances):
        if isinstance(instance, str):
            found[i] = _picture(instance, shape, max_pixels, i)
        else:
            found[i] = _rows(instance, shape, i, booleans)
    return found


def _rows(instance: Any, shape: tuple[int, ...], i: int, booleans: bool) -> NDArray[np.uint8]:
    """A nested list as pixels; `bytes` refuses floats, text, null and values outside 0-255."""
    height, width = shape
    try:
        if len(instance) == height:
            rows = [bytes(row) for row in instance if type(row) is list]
            pixels = b"".join(rows)
            right = len(rows) == height and all(len(row) == width for row in rows)
            if right and not (booleans and _has_boolean(instance)):
                return np.frombuffer(pixels, np.uint8).reshape(height, width)
    except (TypeError, ValueError):
        pass
    _blame(instance, shape, i)


def _has_boolean(instance: list[list[Any]]) -> bool:
    """Python counts True and False as integers; JSON does not."""
    return any(type(pixel) is bool for row in instance for pixel in row)


def _blame(instance: Any, shape: tuple[int, ...], i: int) -> NoReturn:
    """Find the first thing wrong with a nested list and say it."""
    height, width = shape
    what = f"{height} rows of {width} integers from 0 to 255, or base64 text of a PNG or JPEG"
    loc: list[str | int] = ["instances", i]
    if not isinstance(instance, list):
        raise InvalidError(f"instances[{i}] is {describe(instance)}; it must be {what}", loc=loc)
    if len(instance) != height:
        raise InvalidError(
            f"instances[{i}] has {len(instance)} rows; the model takes {what}", loc=loc
        )
    for r, row in enumerate(instance):
        where = f"instances[{i}][{r}]"
        if not isinstance(row, list):
            raise InvalidError(
                f"{where} is {describe(row)}; a row is an array of {width} integers",
                loc=[*loc, r],
            )
        if len(row) != width:
            raise InvalidError(
                f"{where} has {len(row)} pixels; a row is {width} integers", loc=[*loc, r]
            )
        for c, pixel in enumerate(row):
            if type(pixel) is not int or not 0 <= pixel <= 255:
                raise InvalidError(
                    f"{where}[{c}] is {describe(pixel)}; a pixel is an integer from 0 to 255",
                    loc=[*loc, r, c],
                )
    raise AssertionError(f"instances[{i}] was refused without a reason")


def _picture(text: str, shape: tuple[int, ...], max_pixels: int, i: int) -> NDArray[np.uint8]:
    """Base64 text of a PNG or JPEG as pixels."""
    where = f"instances[{i}]"
    loc: list[str | int] = ["instances", i]
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError(
            f"{where} is text but no base64 ({error}); send the bytes of a PNG or JPEG, "
            "base64-encoded, without a data: prefix",
            loc=loc,
        ) from error
    return pictures.decode(data, shape, max_pixels, where, loc)
