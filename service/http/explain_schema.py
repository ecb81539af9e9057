"""The JSON of `/explain` and `/layers` as pydantic types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config

from service.http.schema import (
    PREDICT_QUERY,
    Document,
    Fit,
    FittedPicture,
    Instances,
    PredictPictureForm,
    Request,
    ReturnFitted,
    Warnings,
)

Method = Annotated[
    str,
    Field(
        description="How to explain: `path`, `tree_shap`, `curves`, `linear`, `gradient`, "
        "`shapley` or `occlusion`, as GET /models lists for each model; the first of them unless "
        "given."
    ),
]
Target = Annotated[str, Field(description="Label to explain; the predicted one unless given.")]


class ExplainRequest(Request):
    """Instances to explain the answers for, at most 16."""

    instances: Instances
    model: str | None = Field(None, description="The default model unless given.")
    version: str | None = Field(
        None, description="Unless given, the stable one of a rollout, or else the highest."
    )
    method: Method | None = None
    target: Target | None = None
    fit: Fit | None = None
    return_fitted: ReturnFitted = False


@with_config(ConfigDict(extra="forbid"))
class ExplainPictureForm(PredictPictureForm):
    """A picture whose answer to explain."""

    method: NotRequired[Method]
    target: NotRequired[Target]


MapForm = Annotated[
    Literal["png", "values"], Field(description="Maps as one picture per layer, or as numbers.")
]


class LayersRequest(Request):
    """One image of which to show what the layers of a network see."""

    instances: Instances
    model: str | None = Field(None, description="The default model unless given.")
    version: str | None = Field(
        None, description="Unless given, the stable one of a rollout, or else the highest."
    )
    form: MapForm | None = None
    fit: Fit | None = None
    return_fitted: ReturnFitted = False


@with_config(ConfigDict(extra="forbid"))
class LayersPictureForm(PredictPictureForm):
    """A picture of which to show what the layers of a network see."""

    form: NotRequired[MapForm]


# Query parameters of a picture that is sent as it is.
LAYERS_QUERY: Mapping[str, Any] = {**PREDICT_QUERY, "form": MapForm}
EXPLAIN_QUERY: Mapping[str, Any] = {**PREDICT_QUERY, "method": Method, "target": Target}


class Explanation(Document):
    """Why the model answered so for one instance."""

    target: str | None = Field(description="The class; null of a regression.")
    explains: Literal["probability", "score", "value"] = Field(
        description="What is explained. Sampling methods explain the calibrated probability, "
        "graphs the probability before calibration or the score."
    )
    attribution: Any = Field(
        description="What each part contributes: of an image nested arrays of its shape, of a "
        "table an object by column, of a text a list of its words with their places."
    )
    base: float = Field(description="The answer before any contribution.")
    value: float = Field(description="The answer.")
    sum: float = Field(description="Base and all contributions, added in double precision.")
    gap: float = Field(description="By how much the sum misses the answer.")
    additive: bool = Field(
        description="Whether the sum is to equal the answer; an explanation that should and does "
        "not is refused."
    )
    standard_error: float | None = Field(
        description="Largest standard error of a contribution; null of methods that do not sample."
    )
    runs: int = Field(description="Rows that the model, or the graph, was asked.")


class ExplainResponse(Document):
    """Explanations of one model's answers, in the order of the instances."""

    model: str = Field(description="The model that is explained.")
    version: str = Field(description="Its version.")
    provider: str = Field(description="ONNX Runtime's execution provider it runs on.")
    method: str
    explanations: list[Explanation]
    milliseconds: float = Field(description="Time they took.")
    warnings: Warnings = None
    fitted: list[FittedPicture] | None = Field(
        None, description="Per instance, if the request names a fit or asks for the images."
    )


class LayerMaps(Document):
    """The feature maps of one layer."""

    name: str
    kind: str = Field(description="What the layer does.")
    shape: tuple[int, int, int] = Field(description="Channels, height and width.")
    png: str | None = Field(
        None, description="The maps side by side, base64 of a PNG; the layer's strongest is white."
    )
    values: Any = Field(None, description="The maps as nested arrays, if asked for.")
    filters: str | None = Field(description="Filters of the first layer, base64 of a PNG.")
    strongest: list[list[int]] = Field(
        description="Per channel, indices of the training images that excite it most; "
        "GET /models/{name}/layers/{layer}/channels/{channel} shows them."
    )


class LayersResponse(Document):
    """What the layers of a network see in one image."""

    model: str
    version: str
    provider: str
    layers: list[LayerMaps]
    warnings: Warnings = None
    fitted: list[FittedPicture] | None = None


class StrongestResponse(Document):
    """The training images that excite a channel of a layer most, the strongest first."""

    model: str
    version: str
    layer: str
    channel: int
    strongest: list[int] = Field(description="Indices of the training images.")
    images: list[str] | None = Field(
        description="The images, base64 of a PNG; null where the version was written without them."
    )
