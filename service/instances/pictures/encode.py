"""Pixels as a PNG: an image that a model saw, for people to look at."""

from __future__ import annotations

import base64
import io

from PIL import Image

from contract.batch import Array
from contract.tensors import Input
from service.instances.pictures.channels import Pixels


def png_base64(pixels: Pixels) -> str:
    """Base64 text of the PNG of pixels [height, width] or [height, width, 3 or 4]."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def image_png(tensor: Input, image: Array) -> str:
    """Base64 text of the PNG of one image of a model: UINT8 with 1 or 3 channels, any layout."""
    pixels = image.transpose(1, 2, 0) if tensor.layout == "CHW" else image
    pixels = pixels.reshape(*tensor.size, -1)
    return png_base64(pixels[:, :, 0] if tensor.channels == 1 else pixels)
