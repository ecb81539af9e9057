"""How UINT8 pixels become the numbers that a network was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from training.errors import ImportModelError

_IMAGENET = "scale=0.00392156862745098,mean=0.485:0.456:0.406,std=0.229:0.224:0.225"
NAMED = {"0-255": "scale=1", "0-1": "scale=0.00392156862745098", "imagenet": _IMAGENET}
_FORM = (
    f"one of {', '.join(NAMED)}, or scale=S,mean=M,std=D with one number each, or one per channel "
    "parted by colons"
)


@dataclass(frozen=True)
class Pixels:
    """number = (pixel * scale - mean) / std, with one mean and std, or one per channel."""

    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __str__(self) -> str:
        text = "pixel" if self.scale == 1 else f"pixel * {self.scale:g}"
        if any(self.mean):
            text = f"({text} - {_listed(self.mean)})"
        return text if set(self.std) == {1} else f"{text} / {_listed(self.std)}"


def parse_pixels(text: str) -> Pixels:
    """Pixels of a name, as `0-1`, or of `scale=S,mean=M,std=D`, in any order, each optional.

    Raises:
        ImportModelError: it is neither.
    """
    try:
        return _parsed(NAMED.get(text, text))
    except ValueError as error:
        raise ImportModelError(f"--pixels {text!r} must be {_FORM}") from error


def _parsed(text: str) -> Pixels:
    found: dict[str, tuple[float, ...]] = {}
    for part in text.split(","):
        key, _, values = part.partition("=")
        if key in found or key not in ("scale", "mean", "std"):
            raise ValueError(part)
        found[key] = tuple(float(value) for value in values.split(":"))
    scale = found.pop("scale", (1.0,))
    pixels = Pixels(scale[0], **found)
    numbers = (*scale, *pixels.mean, *pixels.std)
    if len(scale) > 1 or not all(map(math.isfinite, numbers)) or 0 in (*scale, *pixels.std):
        raise ValueError(text)
    return pixels


def _listed(numbers: tuple[float, ...]) -> str:
    text = ", ".join(f"{number:g}" for number in numbers)
    return f"[{text}]" if len(numbers) > 1 else text
