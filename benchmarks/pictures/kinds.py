"""Digits as people send them: drawn dark on light, transparent, photographed, and 8x8.

Pictures are made from images of MNIST, except those of the last kind, which are scikit-learn's
own digits. Each is an instance of `POST /predict`.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Digit = NDArray[np.uint8]
# An instance from a digit: uint8 [28, 28] of MNIST, or float64 [8, 8] of scikit-learn.
Maker = Callable[[NDArray[Any], np.random.Generator], Any]

CANVAS = 280
PHOTO = (320, 240)


def dark_on_light(digit: Digit, rng: np.random.Generator) -> str:
    """Dark ink on a light canvas of 280x280, as a drawing program saves it: a PNG."""
    ink = _placed(digit, (CANVAS, CANVAS), rng.uniform(0.55, 1.0), rng)
    paper, dark = rng.uniform(225, 255), rng.uniform(0, 60)
    return _text(Image.fromarray(_rounded(paper + (dark - paper) * ink)), "PNG")


def transparent(digit: Digit, rng: np.random.Generator) -> str:
    """Dark ink of one colour on a transparent canvas: an RGBA PNG."""
    side = int(rng.integers(120, 320))
    ink = _placed(digit, (side, side), rng.uniform(0.55, 1.0), rng)
    pixels = np.zeros((side, side, 4), np.uint8)
    # A canvas of a browser holds black where nothing was drawn.
    pixels[ink > 0, :3] = rng.integers(0, 100, 3)
    pixels[..., 3] = _rounded(255 * ink)
    return _text(Image.fromarray(pixels), "PNG")


def photographed(digit: Digit, rng: np.random.Generator) -> str:
    """Pen on paper, off centre, in uneven light, blurred, with noise: a grey JPEG."""
    width, height = PHOTO if rng.random() < 0.5 else PHOTO[::-1]
    ink = _placed(digit, (width, height), rng.uniform(0.4, 0.75), rng)
    paper = _light(width, height, rng)
    photo = paper * (1 - ink * rng.uniform(0.55, 0.85))
    blurred = Image.fromarray(_rounded(photo)).filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2)))
    noise = rng.normal(0, rng.uniform(3, 10), (height, width))
    return _text(Image.fromarray(_rounded(np.asarray(blurred) + noise)), "JPEG", quality=80)


def _light(width: int, height: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Brightness of empty paper: a slope across it and darker corners."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0, 0.25) * (x * np.cos(angle) + y * np.sin(angle))
    corners = rng.uniform(0, 0.15) * (x**2 + y**2)
    light: NDArray[np.float64] = rng.uniform(150, 220) * (1 + slope - corners)
    return light


def _placed(
    digit: Digit, size: tuple[int, int], share: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Ink [height, width] from 0 to 1: the image enlarged to a share of the shorter side."""
    width, height = size
    side = round(share * min(size))
    large = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC))
    ink = np.zeros((height, width))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    ink[top : top + side, left : left + side] = large / 255
    return ink


def sixteen_levels(digit: NDArray[Any], _: np.random.Generator) -> list[list[int]]:
    """scikit-learn's 8x8 digit with values from 0 to 16, as nested lists."""
    rows: list[list[int]] = digit.astype(int).tolist()
    return rows


def as_sent_without_fit(instance: Any) -> Digit:
    """What a person sends who renders the picture to 28x28 himself: on white, scaled, grey."""
    if isinstance(instance, list):
        small = np.array(instance, np.uint8).repeat(3, axis=0).repeat(3, axis=1)
        return np.pad(small, 2)
    image = Image.open(io.BytesIO(base64.b64decode(instance))).convert("RGBA")
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image)
    return np.asarray(page.convert("L").resize((28, 28), Image.Resampling.BOX))


def _rounded(values: NDArray[np.float64]) -> Digit:
    rounded: Digit = np.rint(values.clip(0, 255)).astype(np.uint8)
    return rounded


def encoded(digit: Digit, form: str) -> str:
    """An image as base64 text of a PNG or JPEG."""
    return _text(Image.fromarray(digit), form)


def _text(image: Image.Image, form: str, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return base64.b64encode(buffer.getvalue()).decode()
