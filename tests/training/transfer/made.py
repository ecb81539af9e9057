"""Drawn letters in class folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tests.training.fit.images.made import folder

# Strokes from corner to corner of a unit square.
_LETTERS: dict[str, list[tuple[tuple[float, float], tuple[float, float]]]] = {
    "L": [((0, 0), (0, 1)), ((0, 1), (1, 1))],
    "T": [((0, 0), (1, 0)), ((0.5, 0), (0.5, 1))],
    "X": [((0, 0), (1, 1)), ((0, 1), (1, 0))],
}
CLASSES = tuple(_LETTERS)


def letter(name: str, generator: np.random.Generator, side: int = 60) -> NDArray[np.uint8]:
    """Dark ink on a light ground, uint8 [side, side]; every call draws another one."""
    image = Image.new("L", (side, side), 235)
    draw = ImageDraw.Draw(image)
    width = int(generator.integers(3, 8))
    corner, size = generator.integers(6, 14, 2), generator.integers(side // 2, side - 22, 2)
    for ends in _LETTERS[name]:
        places = [np.array(end) * size + corner + generator.normal(0, 1.5, 2) for end in ends]
        draw.line([tuple(map(float, place)) for place in places], fill=25, width=width)
    return np.asarray(image)


def pictures(each: int = 24, side: int = 60) -> dict[str, NDArray[np.uint8]]:
    """Pixels by file name, `L/3.png`."""
    generator = np.random.default_rng(0)
    return {
        f"{name}/{i}.png": letter(name, generator, side) for name in CLASSES for i in range(each)
    }


def letters(root: Path, each: int = 24) -> Path:
    """A folder of them, called letters."""
    return folder(root / "letters", pictures(each))
