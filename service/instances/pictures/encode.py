"""Pixels as a PNG: the picture that a model saw, for an answer."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.instances.spec import ImageSpec


def png_of(image: NDArray[np.uint8], spec: ImageSpec) -> bytes:
    """The bytes of a PNG.

    Args:
        image: uint8 in the shape and layout of the model's images.
    """
    buffer = io.BytesIO()
    Image.fromarray(spec.channels_last(image)).save(buffer, "PNG")
    return buffer.getvalue()
