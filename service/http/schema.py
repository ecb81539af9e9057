"""The native routes' JSON as pydantic types: what BentoML's OpenAPI page and client show.

They document and type the wire; `images.decode` is what enforces it, pixel by pixel and faster.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

Pixel = Annotated[int, Field(ge=0, le=255, strict=True)]
PixelRows = list[list[Pixel]]
EncodedImage = Annotated[str, Field(description="Base64 text of a 28x28 PNG or JPEG.")]
Instance = PixelRows | EncodedImage
Instances = Annotated[
    list[Instance],
    Field(
        min_length=1,
        description="Images: 28 rows of 28 integers from 0 (background) to 255 (ink), or base64 "
        "text of a PNG or JPEG of that size.",
    ),
]


class Prediction(BaseModel):
    """One image's answer."""

    label: str = Field(description="The most probable class.")
    probabilities: list[float] = Field(description="Calibrated, one per class, in label order.")


class PredictResponse(BaseModel):
    """One model's answers, in the order of the instances."""

    model: str = Field(description="The model that answered.")
    version: str = Field(description="Its version.")
    provider: str = Field(description="ONNX Runtime's execution provider it ran on.")
    predictions: list[Prediction]


class RefusedModel(BaseModel):
    """A model version that does not serve."""

    model: str
    version: str
    reason: str


class CompareResponse(BaseModel):
    """Every serving model's answers for the same instances."""

    models: list[PredictResponse]
    agree: list[bool] = Field(description="Per instance, whether all models say the same.")
    refused: list[RefusedModel]
