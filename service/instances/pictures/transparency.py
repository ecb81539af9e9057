"""Transparency of a PNG without an alpha channel: its tRNS chunk.

Source: PNG (Third Edition), W3C, section 11.3.1.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.instances.pictures.refused import broken

_OPAQUE = 255
# Bytes of the chunk by colour type, where it names one transparent colour.
_LENGTHS = {0: 2, 2: 6}
_PALETTE = 3


def audit(chunk: bytes, colour: int, palette: bytes | None) -> None:
    """Check the length of a tRNS chunk.

    Args:
        colour: the colour type of the file.

    Raises:
        RefusedError: a wrong length, or a file that has an alpha channel.
    """
    if colour == _PALETTE:
        right = 0 < len(chunk) <= len(palette or b"") // 3
    else:
        right = len(chunk) == _LENGTHS.get(colour)
    if not right:
        raise broken(f"its transparency (tRNS chunk) of {len(chunk)} bytes does not fit")


def of_palette(chunk: bytes, colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colours [n, 3] of a palette with their opacity, [n, 4]."""
    opacity = np.full((len(colours), 1), _OPAQUE, np.uint8)
    opacity[: len(chunk), 0] = np.frombuffer(chunk, np.uint8)
    return np.hstack([colours, opacity])


def of_pixels(chunk: bytes, pixels: NDArray[np.uint8], depth: int) -> NDArray[np.uint8]:
    """Grey [height, width] or RGB pixels with opacity as the last channel.

    Args:
        depth: bits of a sample in the file; the pixels are spread to 8 bits already.
    """
    highest = (1 << depth) - 1
    named = [int.from_bytes(chunk[i : i + 2]) for i in range(0, len(chunk), 2)]
    if max(named) > highest:
        raise broken(f"its transparency (tRNS chunk) names sample {max(named)} of {highest}")
    channels = pixels.reshape(*pixels.shape[:2], -1)
    clear = (channels == np.array(named) * 255 // highest).all(axis=-1, keepdims=True)
    return np.concatenate([channels, np.where(clear, 0, _OPAQUE).astype(np.uint8)], axis=-1)
