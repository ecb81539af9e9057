"""Pictures of shapes in class folders, and weights of the backbone's form."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from training.fit.images import efficientnet
from training.fit.options import Options

CLASSES = ("cross", "frame", "stripes")
EACH = 24
_WIDTHS = (16, 24, 40, 80, 112, 192, 320)


def shape(name: str, generator: np.random.Generator, size: tuple[int, int], *, colour: bool) -> Any:
    """A bright shape somewhere on a dark, noisy ground, uint8 [height, width(, 3)]."""
    image = generator.integers(0, 60, (*size, 3))
    top, left = generator.integers(1, 5, 2)
    side = min(size) - 6
    ink = np.zeros(size, bool)
    if name == "cross":
        ink[top + side // 2, left : left + side] = ink[top : top + side, left + side // 2] = True
    elif name == "frame":
        ink[[top, top + side], left : left + side] = True
        ink[top : top + side, [left, left + side]] = True
    else:
        ink[top : top + side : 3, left : left + side] = True
    image[ink] = generator.integers(150, 256, 3)
    return (image if colour else image[..., 0]).astype(np.uint8)


def pictures(
    *, each: int = EACH, size: tuple[int, int] = (16, 16), colour: bool = False
) -> dict[str, NDArray[np.uint8]]:
    """Pixels by file name, `cross/3.png`."""
    generator = np.random.default_rng(0)
    return {
        f"{name}/{i}.png": shape(name, generator, size, colour=colour)
        for name in CLASSES
        for i in range(each)
    }


def png(pixels: NDArray[np.uint8], **given: Any) -> bytes:
    """The bytes of a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **given)
    return file.getvalue()


def folder(root: Path, files: dict[str, NDArray[np.uint8]]) -> Path:
    """Write the pictures below a folder."""
    for name, pixels in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(pixels))
    return root


def archive(path: Path, files: dict[str, bytes]) -> Path:
    """A zip of files."""
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path


def options(path: Path, **given: Any) -> Options:
    """Options for pictures."""
    return Options(**{"file": path, "target": "class", "name": "made", "budget": 8.0, **given})


def backbone_weights(path: Path) -> Path:
    """A file of random weights with the names and shapes of EfficientNet-Lite0's."""
    torch.manual_seed(0)
    state: dict[str, torch.Tensor] = {}

    def convolution(name: str, *size: int) -> None:
        fan = size[1] * size[2] * size[3]
        state[f"{name}.weight"] = torch.randn(size) * (2 / fan) ** 0.5

    def normal(name: str, filters: int, size: float = 1.0) -> None:
        state[f"{name}.weight"] = torch.full((filters,), size)
        state[f"{name}.bias"] = torch.randn(filters) * 0.01
        state[f"{name}.running_mean"] = torch.randn(filters) * 0.01
        state[f"{name}.running_var"] = torch.rand(filters) * 0.2 + 0.9

    convolution("_conv_stem", 32, 3, 3, 3)
    normal("_bn0", 32)
    channels, number = 32, 0
    for (count, kernel, _), width in zip(efficientnet._STAGES, _WIDTHS, strict=True):
        for repeat in range(count):
            block, wide = f"_blocks.{number}", channels if number == 0 else 6 * channels
            if number:
                convolution(f"{block}._expand_conv", wide, channels, 1, 1)
                normal(f"{block}._bn0", wide)
            convolution(f"{block}._depthwise_conv", wide, 1, kernel, kernel)
            normal(f"{block}._bn1", wide)
            convolution(f"{block}._project_conv", width, wide, 1, 1)
            # Weak residual branches keep rounding errors from growing from block to block.
            normal(f"{block}._bn2", width, 0.3 if repeat else 1.0)
            channels, number = width, number + 1
    convolution("_conv_head", efficientnet.FEATURES, channels, 1, 1)
    normal("_bn1", efficientnet.FEATURES)
    torch.save(state, path)
    return path
