"""What the images of a model look like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from contract.tensors import Input, Layout

_COLOURS = {1: "grey", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class ImageSpec:
    """Size in pixels, channels (1 grey, 3 RGB, 4 with opacity) and order of the axes."""

    height: int
    width: int
    channels: int = 1
    layout: Layout = "HW"

    @classmethod
    def of(cls, tensor: Input) -> ImageSpec:
        """The images of an input whose content is `image`."""
        if tensor.layout is None:
            raise ValueError(f"input {tensor.name!r} holds no images")
        return cls(*tensor.size, tensor.channels, tensor.layout)

    @cached_property
    def row(self) -> tuple[int, ...]:
        """Shape of one image in the model's layout."""
        return {
            "HW": (self.height, self.width),
            "HWC": (self.height, self.width, self.channels),
            "CHW": (self.channels, self.height, self.width),
        }[self.layout]

    @property
    def is_mnist(self) -> bool:
        """True if the images have MNIST's form: grey, 28x28."""
        return (self.height, self.width, self.channels) == (28, 28, 1)

    @property
    def fit(self) -> str:
        """The fit that turns another picture into an image of this form."""
        return "mnist" if self.is_mnist else "resize"

    @property
    def size(self) -> str:
        """Width x height, as messages name it."""
        return f"{self.width}x{self.height}"

    @property
    def colour(self) -> str:
        """The channels, as messages name them."""
        return _COLOURS[self.channels]

    def laid_out(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Pixels [height, width] or [height, width, channels] in the model's layout."""
        if self.layout == "CHW" and pixels.ndim == 3:
            pixels = pixels.transpose(2, 0, 1)
        return pixels.reshape(self.row)

    def channels_last(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The inverse: [height, width] where there is one channel, else with channels last."""
        if self.channels == 1:
            return image.reshape(self.height, self.width)
        return image.transpose(1, 2, 0) if self.layout == "CHW" else image
