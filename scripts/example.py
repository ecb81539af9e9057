"""`python -m scripts.example`: draw the digit for the examples in the documents.

The digit is not from MNIST, so the models have never seen it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

TARGET = Path("docs/examples")
SCALE = 16
# The strokes of a 7, in pixels of the 28x28 image.
STROKES = [(7.5, 7.5), (20.0, 7.5), (13.0, 22.0)]


def seven() -> Image.Image:
    """A 7 of 28x28 pixels, light on dark, drawn large and scaled down."""
    large = Image.new("L", (28 * SCALE, 28 * SCALE))
    points = [(x * SCALE, y * SCALE) for x, y in STROKES]
    ImageDraw.Draw(large).line(points, fill=255, width=int(2.4 * SCALE), joint="curve")
    return large.resize((28, 28), Image.Resampling.BOX)


def photograph() -> Image.Image:
    """The same digit as a camera sees it: dark on paper, off centre, in light from one side."""
    ink = np.zeros((240, 320))
    ink[90:202, 150:262] = np.asarray(seven().resize((112, 112), Image.Resampling.BICUBIC)) / 255
    light = np.linspace(130, 210, 320)
    noise = np.random.default_rng(7).normal(0, 4, ink.shape)
    return Image.fromarray(np.rint(light * (1 - 0.7 * ink) + noise).clip(0, 255).astype(np.uint8))


def main() -> None:
    """Write seven.png, its pixels as bytes, the bodies of example requests, and a photograph."""
    image = seven()
    TARGET.mkdir(parents=True, exist_ok=True)
    image.save(TARGET / "seven.png")
    photograph().save(TARGET / "seven_photo.jpg", quality=85)
    rows = ",\n  ".join(json.dumps(row) for row in np.asarray(image).tolist())
    (TARGET / "seven.json").write_text(f'{{"instances": [[\n  {rows}\n]]}}\n')
    tensor = '"name": "images", "datatype": "UINT8", "shape": [1, 28, 28]'
    (TARGET / "seven.v2.json").write_text(
        f'{{"inputs": [{{{tensor}, "data": [[\n  {rows}\n]]}}]}}\n'
    )
    (TARGET / "seven.raw").write_bytes(image.tobytes())


if __name__ == "__main__":
    main()
