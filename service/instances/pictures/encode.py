"""Pixels as a PNG: the image that a model saw, for people to look at."""

from __future__ import annotations

import base64
import io

from PIL import Image

from service.instances.pictures.channels import Pixels


def png_base64(pixels: Pixels) -> str:
    """Base64 text of the PNG of pixels [height, width] or [height, width, 3 or 4]."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
