"""`resize`: the whole picture scaled to the model's size.

The aspect ratio is kept, for a digit or a face that is stretched is another one. What remains of
the image is filled with the picture's own border colour, half on either side. Scaling is
bilinear over the area that an output pixel covers, as torchvision's `Resize(antialias=True)`.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from service.instances.pictures.channels import Pixels, exact, is_transparent, laid_on, luma, split
from service.instances.spec import ImageSpec

_WHITE = 255


def resized(pixels: Pixels, spec: ImageSpec) -> tuple[Pixels, list[str]]:
    """The picture in the model's size and channels, and what was done.

    Transparent places are laid on white where the model takes no opacity, as browsers do on an
    empty page.

    Args:
        pixels: as `fit.apply` takes them.

    Returns:
        uint8 [height, width] for one channel, else [height, width, channels]
    """
    steps: list[str] = []
    pixels = _scaled(pixels, spec, steps)
    if spec.channels != 4 and is_transparent(pixels):
        pixels = laid_on(pixels, _WHITE)
        steps.append("laid on white")
    colours, _ = split(pixels)
    if spec.channels == 1 and colours.ndim == 3:
        pixels = luma(colours)
        steps.append("converted to grey")
    return _padded(exact(pixels, spec), spec, steps), steps


def _scaled(pixels: Pixels, spec: ImageSpec, steps: list[str]) -> Pixels:
    """As large as fits into the model's size with the same aspect ratio."""
    height, width = pixels.shape[:2]
    factor = min(spec.height / height, spec.width / width)
    # At least a pixel: a line is not scaled away.
    size = max(1, round(width * factor)), max(1, round(height * factor))
    if size == (width, height):
        return pixels
    steps.append(f"scaled from {width}x{height} to {size[0]}x{size[1]}")
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def _padded(pixels: Pixels, spec: ImageSpec, steps: list[str]) -> Pixels:
    """In the middle of an image of the model's size, on the colour of the picture's border."""
    height, width = pixels.shape[:2]
    if (height, width) == (spec.height, spec.width):
        return pixels
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = np.median(edge, axis=0).astype(np.uint8)
    steps.append(f"padded to {spec.size} with its border colour {colour.tolist()}")
    image = np.empty((spec.height, spec.width, *pixels.shape[2:]), np.uint8)
    image[:] = colour
    top, left = (spec.height - height) // 2, (spec.width - width) // 2
    image[top : top + height, left : left + width] = pixels
    return image
