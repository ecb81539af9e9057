"""Which inputs are images, and in which order their axes stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from contract.graph import TensorType
from contract.tensors import Layout
from training.errors import ImportModelError

LAYOUTS: tuple[Layout, ...] = get_args(Layout)
_CHANNELS = (1, 3, 4)
_SMALLEST_SIDE = 5


def image_layouts(declared: Mapping[str, TensorType], told: Mapping[str, str]) -> dict[str, Layout]:
    """Layout of each input that is an image.

    An image is what `--input` calls one, and what can hardly be anything else: UINT8 of two axes,
    or three axes of which the first or the last alone is a number of channels.

    Raises:
        ImportModelError: an input is called an image, but not in which layout.
    """
    found = {}
    for name, tensor in declared.items():
        content = told.get(name, "image?")
        if content.partition(":")[0] not in ("image", "image?"):
            continue
        layout = next((known for known in LAYOUTS if content == f"image:{known}"), _layout(tensor))
        if layout is not None:
            found[name] = layout
        elif content == "image":
            raise ImportModelError(
                f"--input {name}=image does not say the order of the axes of {tensor}; give "
                "image:HW, image:HWC or image:CHW"
            )
    return found


def _layout(tensor: TensorType) -> Layout | None:
    row = (tensor.shape or ())[1:]
    if len(row) == 2 and tensor.datatype == "UINT8" and min(row) >= _SMALLEST_SIDE:
        return "HW"
    if len(row) != 3:
        return None
    first = row[0] in _CHANNELS and min(row[1:]) >= _SMALLEST_SIDE
    last = row[-1] in _CHANNELS and min(row[:-1]) >= _SMALLEST_SIDE
    if first == last:
        return None
    return "CHW" if first else "HWC"
