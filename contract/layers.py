"""The layers of a network: a variant of its graph whose outputs are the feature maps."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from contract.base import Record
from contract.tensors import Input, TensorSpec

VARIANT = "layers"


class Layer(Record):
    """One layer, an output of the variant `layers`."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,31}$", description="Name of the layer and of its output."
    )
    kind: str = Field(min_length=1, max_length=80, description="What the layer does.")
    shape: tuple[int, int, int] = Field(description="Channels, height and width of its maps.")
    filters: str | None = Field(
        default=None, description="The layer's filters as a PNG in base64; of the first layer only."
    )
    strongest: tuple[tuple[int, ...], ...] = Field(
        description="Per channel, indices of the training images whose maps are strongest in the "
        "mean, the strongest first."
    )


def signature(
    inputs: Sequence[Input], layers: Sequence[Layer]
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """The inputs and outputs of the variant `layers`."""
    outputs = (
        TensorSpec(name=layer.name, datatype="FP32", shape=(-1, *layer.shape)) for layer in layers
    )
    return tuple(inputs), tuple(outputs)
