"""The tensors of a model: the content of each input, and the meaning of each output.

The terms name, datatype and shape are those of the Open Inference Protocol V2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from contract.base import Probability, Record
from contract.seen import Seen

Datatype = Literal[
    "BOOL",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "FP16",
    "FP32",
    "FP64",
    "BYTES",
]
Content = Literal["image", "number", "category", "text"]
Layout = Literal["HW", "HWC", "CHW"]
Role = Literal[
    "label", "probabilities", "scores", "value", "interval", "attribution", "activation", "other"
]

# NumPy's type of each datatype, little-endian like binary tensors. Text is an array of str objects.
DTYPES: Mapping[Datatype, np.dtype[Any]] = {
    "BOOL": np.dtype("|b1"),
    "UINT8": np.dtype("|u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("|i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    "BYTES": np.dtype("|O"),
}

_FLOATS = ("FP16", "FP32", "FP64")
_INTEGERS = ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")


@lru_cache
def largest_number(dtype: np.dtype[Any]) -> float:
    """The largest JSON number that a float type takes: its largest value, as it is written too.

    The shortest text of the largest FP32, 3.4028235e+38, is a little above it when it is read as a
    double, and is rounded to it again.
    """
    largest = np.finfo(dtype).max
    return max(float(largest), float(str(largest)))


class TensorSpec(Record):
    """One tensor of the graph."""

    name: str = Field(min_length=1, description="Name of the tensor in the ONNX graph.")
    datatype: Datatype = Field(description="Element type, as the Open Inference Protocol names it.")
    shape: tuple[int, ...] = Field(
        min_length=1,
        description="Size of each dimension; -1 is the batch dimension, which comes first.",
    )

    @model_validator(mode="after")
    def _batch_comes_first(self) -> Self:
        if self.shape[0] != -1 or any(size < 1 for size in self.shape[1:]):
            raise ValueError(
                f"shape {list(self.shape)} of tensor {self.name!r} must be -1 followed by "
                "positive sizes"
            )
        return self

    @property
    def row(self) -> tuple[int, ...]:
        """Shape of one row."""
        return self.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's element type."""
        return DTYPES[self.datatype]

    @property
    def row_size(self) -> int:
        """Elements of one row."""
        return math.prod(self.shape[1:])


class Input(TensorSpec):
    """A tensor the graph takes.

    An image is one row of pixels in a layout. The columns of a table are one tensor each, or the
    last axis of one tensor. Numbers without column names are plain arrays.
    """

    content: Content = Field(description="Kind of data in a row.")
    layout: Layout | None = Field(
        default=None, description="Order of an image's axes: height, width, channels."
    )
    columns: tuple[str, ...] = Field(
        default=(),
        description="Names of a table's columns in this tensor, in order; empty for images and "
        "plain arrays.",
    )
    seen: tuple[Seen, ...] = Field(
        default=(),
        description="Range of the training data: one entry per column, or one for the image; "
        "empty if unknown.",
    )

    @model_validator(mode="after")
    def _content_fits(self) -> Self:
        if self.content == "image":
            self._check_image()
        elif self.layout is not None:
            raise ValueError(f"input {self.name!r} is not an image, so it must not have a layout")
        else:
            self._check_columns()
        if self.seen and len(self.seen) != max(1, len(self.columns)):
            raise ValueError(
                f"input {self.name!r} has {len(self.seen)} entries in seen; it needs one per "
                "column, or none"
            )
        if any(seen.content != self.content for seen in self.seen):
            raise ValueError(f"seen of input {self.name!r} must be of content {self.content}")
        return self

    def _check_image(self) -> None:
        rank = {"HW": 2, "HWC": 3, "CHW": 3}.get(self.layout or "")
        if rank != len(self.row) or self.datatype not in (*_FLOATS, *_INTEGERS):
            raise ValueError(
                f"image input {self.name!r} is {self.datatype} {list(self.shape)} in layout "
                f"{self.layout}; it must be numbers [-1, height, width] (HW), "
                "[-1, height, width, channels] (HWC) or [-1, channels, height, width] (CHW)"
            )
        if self.columns:
            raise ValueError(f"image input {self.name!r} must not have columns")
        if self.channels not in (1, 3, 4):
            raise ValueError(
                f"image input {self.name!r} has {self.channels} channels in layout {self.layout}; "
                "it must have 1, 3 or 4"
            )

    def _check_columns(self) -> None:
        if self.content == "text" and self.datatype != "BYTES":
            raise ValueError(f"text input {self.name!r} must be BYTES, not {self.datatype}")
        if self.content == "category" and self.datatype not in ("BYTES", *_INTEGERS):
            raise ValueError(f"category input {self.name!r} must be BYTES or whole numbers")
        if self.content == "number" and self.datatype == "BYTES":
            raise ValueError(f"number input {self.name!r} must not be BYTES")
        if not self.columns and self.content != "number":
            raise ValueError(f"{self.content} input {self.name!r} needs the names of its columns")
        if self.columns and (len(self.row) > 1 or self.row_size != len(self.columns)):
            raise ValueError(
                f"input {self.name!r} {list(self.shape)} names {len(self.columns)} columns; a "
                "tensor of columns is [-1] or [-1, number of columns]"
            )

    @property
    def channels(self) -> int:
        """Channels of an image: 1 for grey, 3 for RGB, 4 with opacity."""
        return {"HWC": self.row[-1], "CHW": self.row[0]}.get(self.layout or "", 1)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of an image."""
        height, width = self.row[1:] if self.layout == "CHW" else self.row[:2]
        return height, width


class Output(TensorSpec):
    """A tensor the graph returns."""

    role: Role = Field(
        description="Meaning: a class; probabilities or unnormalised scores, one per class; a "
        "predicted value or its interval. Outputs with another role are returned unchanged."
    )
    encoding: Literal["index", "value"] | None = Field(
        default=None,
        description="Form of a label: its index in the manifest's labels, or its own value.",
    )
    level: Probability | None = Field(
        default=None, description="Share of true values that an interval should cover."
    )

    @model_validator(mode="after")
    def _role_fits(self) -> Self:
        allowed = {
            "label": (("BYTES", *_INTEGERS), ((), (1,))),
            "value": (_FLOATS, None),
            "interval": (_FLOATS, ((2,),)),
        }.get(self.role)
        if allowed and (
            self.datatype not in allowed[0] or (allowed[1] and self.row not in allowed[1])
        ):
            raise ValueError(
                f"output {self.name!r} cannot have the role {self.role}: it is {self.datatype} "
                f"{list(self.shape)}"
            )
        if (self.role == "label") != (self.encoding is not None):
            raise ValueError(
                f"output {self.name!r}: a label must have an encoding, others must not"
            )
        if self.datatype == "BYTES" and self.encoding == "index":
            raise ValueError(f"label {self.name!r} is text, so its encoding must be 'value'")
        if self.level is not None and self.role != "interval":
            raise ValueError(
                f"output {self.name!r} is not an interval, so it must not have a level"
            )
        return self
