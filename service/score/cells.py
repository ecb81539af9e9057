"""Cells of an image column -> pixels, with the checks that the service's own requests get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidError, ServiceError, TooLargeError
from service.instances import pictures
from service.instances.spec import ImageSpec
from service.settings import Settings
from service.wording import short

# What holds the image in a row of the batch, as the subject of a sentence.
Where = Callable[[int], str]


@dataclass(frozen=True)
class Decoded:
    """images: uint8 [n, height, width], black where refused; problems: the sentence by row."""

    images: NDArray[np.uint8]
    problems: dict[int, str] = field(default_factory=dict)


def decode(
    cells: NDArray[Any], shape: tuple[int, ...], settings: Settings, where: Where, *, fail: bool
) -> Decoded:
    """Decode a batch.

    Args:
        cells: integers [n, height, width] or [n, height * width]; or objects [n]: bytes of a PNG
            or JPEG, such integers, a mapping with `bytes`, or None.
        shape: (height, width) of the model's images.
        fail: whether the first bad image raises; otherwise it is a problem of its row.

    Raises:
        InvalidError: no image, a broken one, or one of another size.
        TooLargeError: more bytes or pixels than the limits.
    """
    if cells.dtype == np.uint8 and cells.shape[1:] in (shape, (shape[0] * shape[1],)):
        return Decoded(cells.reshape(-1, *shape))
    images = np.zeros((len(cells), *shape), np.uint8)
    problems = {}
    for i, cell in enumerate(cells):
        try:
            images[i] = _image(cell, shape, settings, where(i))
        except ServiceError as error:
            if fail:
                raise
            problems[i] = str(error)
    return Decoded(images, problems)


def _image(cell: Any, shape: tuple[int, ...], settings: Settings, where: str) -> NDArray[np.uint8]:
    if isinstance(cell, dict):
        cell = cell.get("bytes")
    if cell is None:
        raise InvalidError(f"{where} is null; it must hold an image")
    if isinstance(cell, bytes):
        if len(cell) > settings.max_body_bytes:
            raise TooLargeError(
                f"{where} holds more than {settings.max_body_bytes:,} bytes, the limit of "
                "ROSENBLATT_MAX_BODY_BYTES; shrink it or raise the limit"
            )
        spec, most = ImageSpec(*shape), settings.max_image_pixels
        return pictures.decode(cell, spec, most, where, fits=False)
    return _pixels(cell, shape, where)


def _pixels(cell: Any, shape: tuple[int, ...], where: str) -> NDArray[np.uint8]:
    """Integers, flat in row-major order or nested by row."""
    height, width = shape
    what = f"{height} rows of {width} integers, or {height * width} integers"
    try:
        rows = cell.tolist() if isinstance(cell, np.ndarray) else cell
        values = np.asarray(rows if not _ragged(rows) else [list(row) for row in rows])
    except (TypeError, ValueError) as error:
        raise InvalidError(f"{where} is ragged; it must be {what}") from error
    if values.shape not in (shape, (height * width,)):
        sizes = "x".join(map(str, values.shape)) or short(str(cell))
        raise InvalidError(f"{where} holds {sizes} values; it must be {what}")
    if values.dtype.kind not in "iu":
        stray = next((v for v in values.ravel().tolist() if type(v) is not int), None)
        raise InvalidError(f"{where} holds {short(stray)}; a pixel is an integer from 0 to 255")
    if values.min() < 0 or values.max() > 255:
        stray = values[(values < 0) | (values > 255)][0]
        raise InvalidError(f"{where} holds {stray}; a pixel is an integer from 0 to 255")
    return values.astype(np.uint8).reshape(shape)


def _ragged(rows: Any) -> bool:
    """Whether rows are arrays of their own, as nested lists come out of Arrow."""
    return any(isinstance(row, np.ndarray) for row in rows)
