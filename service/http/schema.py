"""The JSON of `/predict` and `/compare` as pydantic types, and what other routes share of it.

They document the routes, and they are the types of BentoML's API. The verbs enforce what requests
must be, faster and by the model's own inputs; tests hold every answer against these types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

Instances = Annotated[
    list[Any],
    Field(
        min_length=1,
        description="Rows of the model's inputs. Of an image model: 28 lists of 28 integers from 0 "
        "(background) to 255 (ink), or base64 text of a PNG or JPEG, in the model's own size. Of "
        "a table: objects by column name, null for a missing value. Of several inputs: objects by "
        "input name.",
    ),
]
ModelName = Annotated[str, Field(description="Name of a model.")]
DEFAULT_VERSION = "Unless given, one of those of a rollout, or else the highest."
Version = Annotated[str, Field(description="Version of a model, a positive integer.")]
Warnings = Annotated[
    list[str] | None, Field(description="What to beware of; absent if there is nothing.")
]


class Request(BaseModel):
    """A JSON body; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Document(BaseModel):
    """A JSON answer, or a part of one."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())


Fit = Annotated[
    Literal["none", "resize", "mnist"],
    Field(
        description="How a picture of another form becomes an image of the model: not at all, "
        "resized, or as MNIST's own images were made: background removed, light on dark, scaled to "
        "20 pixels and centred by mass."
    ),
]
ReturnFitted = Annotated[
    bool, Field(description="Whether to return the image that the model saw, as a PNG.")
]


class PredictRequest(Request):
    """Instances for one model."""

    instances: Instances
    model: str | None = Field(None, description="The default model unless given.")
    version: str | None = Field(None, description=DEFAULT_VERSION)
    fit: Fit | None = None
    return_fitted: ReturnFitted = False


class CompareRequest(Request):
    """Instances for every model."""

    instances: Instances
    fit: Fit | None = None
    return_fitted: ReturnFitted = False


@with_config(ConfigDict(extra="forbid"))
class ComparePictureForm(TypedDict):
    """A picture for every model."""

    file: Annotated[bytes, Field(description="A PNG or JPEG.")]
    fit: NotRequired[Fit]
    return_fitted: NotRequired[Annotated[Literal["true", "false"], Field()]]


@with_config(ConfigDict(extra="forbid"))
class PredictPictureForm(ComparePictureForm):
    """A picture for one model."""

    model: NotRequired[ModelName]
    version: NotRequired[Version]


# Query parameters of a picture that is sent as it is.
COMPARE_QUERY: Mapping[str, Any] = {"fit": Fit, "return_fitted": Literal["true", "false"]}
PREDICT_QUERY: Mapping[str, Any] = {"model": ModelName, "version": Version, **COMPARE_QUERY}


class FittedPicture(Document):
    """What was done to a picture before the model saw it."""

    steps: list[str] = Field(description="In order; empty where nothing was done.")
    png: str | None = Field(None, description="The image the model saw, base64 of a PNG.")


class Prediction(Document):
    """The answer for one instance; which fields it has depends on the model's outputs."""

    label: str | None = Field(None, description="The most probable class.")
    probabilities: list[float] | None = Field(
        None, description="Calibrated, one per class, in the order of the labels."
    )
    scores: list[float] | None = Field(None, description="Uncalibrated, one per class.")
    value: Any = Field(None, description="The number, or array of numbers, of a regression.")
    interval: Any = Field(None, description="Lower and upper end.")
    outputs: dict[str, Any] | None = Field(None, description="Every other output by its name.")


class PredictResponse(Document):
    """One model's answers, in the order of the instances."""

    model: str = Field(description="The model that answered.")
    version: str = Field(description="Its version.")
    provider: str = Field(description="ONNX Runtime's execution provider it ran on.")
    predictions: list[Prediction]
    warnings: Warnings = None
    fitted: list[FittedPicture] | None = Field(
        None, description="Per instance, if the request names a fit or asks for the images."
    )


class UnansweredModel(Document):
    """A model version that did not answer, and why."""

    model: str
    version: str
    reason: str


class CompareResponse(Document):
    """Every serving model's answers for the same instances."""

    models: list[PredictResponse]
    agree: list[bool] | None = Field(
        description="Per instance, whether all models of the same classes say the same; null if "
        "no two models have the same classes."
    )
    skipped: list[UnansweredModel] = Field(
        description="Models that do not take the instances, or fail on them."
    )
    refused: list[UnansweredModel] = Field(description="Versions that were refused at load.")
