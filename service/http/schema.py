"""The JSON of the native routes as pydantic types.

They document the routes, and they are the types of BentoML's API. The verbs enforce what requests
must be, faster and by the model's own inputs; tests hold every answer against these types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from contract.manifest import Family, Manifest, Modality
from contract.manifest import Task as ModelTask

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
Version = Annotated[str, Field(description="Version of a model, a positive integer.")]
Warnings = Annotated[
    list[str] | None, Field(description="What to beware of; absent if there is nothing.")
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class _Document(BaseModel):
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


class PredictRequest(_Request):
    """Instances for one model."""

    instances: Instances
    model: str | None = Field(None, description="The default model unless given.")
    version: str | None = Field(None, description="The highest version unless given.")
    fit: Fit | None = None
    return_fitted: ReturnFitted = False


class CompareRequest(_Request):
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


Method = Annotated[
    str,
    Field(
        description="How to explain: `path`, `tree_shap`, `curves`, `linear`, `gradient`, "
        "`shapley` or `occlusion`, as GET /models lists for each model; the first of them unless "
        "given."
    ),
]
Target = Annotated[str, Field(description="Label to explain; the predicted one unless given.")]


class ExplainRequest(_Request):
    """Instances to explain the answers for, at most 16."""

    instances: Instances
    model: str | None = Field(None, description="The default model unless given.")
    version: str | None = Field(None, description="The highest version unless given.")
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


class LayersRequest(_Request):
    """One image of which to show what the layers of a network see."""

    instances: Instances
    model: str | None = Field(None, description="The default model unless given.")
    version: str | None = Field(None, description="The highest version unless given.")
    form: MapForm | None = None
    fit: Fit | None = None
    return_fitted: ReturnFitted = False


@with_config(ConfigDict(extra="forbid"))
class LayersPictureForm(PredictPictureForm):
    """A picture of which to show what the layers of a network see."""

    form: NotRequired[MapForm]


# Query parameters of a picture that is sent as it is.
COMPARE_QUERY: Mapping[str, Any] = {"fit": Fit, "return_fitted": Literal["true", "false"]}
PREDICT_QUERY: Mapping[str, Any] = {"model": ModelName, "version": Version, **COMPARE_QUERY}
LAYERS_QUERY: Mapping[str, Any] = {**PREDICT_QUERY, "form": MapForm}
EXPLAIN_QUERY: Mapping[str, Any] = {**PREDICT_QUERY, "method": Method, "target": Target}


class FittedPicture(_Document):
    """What was done to a picture before the model saw it."""

    steps: list[str] = Field(description="In order; empty where nothing was done.")
    png: str | None = Field(None, description="The image the model saw, base64 of a PNG.")


class Prediction(_Document):
    """The answer for one instance; which fields it has depends on the model's outputs."""

    label: str | None = Field(None, description="The most probable class.")
    probabilities: list[float] | None = Field(
        None, description="Calibrated, one per class, in the order of the labels."
    )
    scores: list[float] | None = Field(None, description="Uncalibrated, one per class.")
    value: Any = Field(None, description="The number, or array of numbers, of a regression.")
    interval: Any = Field(None, description="Lower and upper end.")
    outputs: dict[str, Any] | None = Field(None, description="Every other output by its name.")


class PredictResponse(_Document):
    """One model's answers, in the order of the instances."""

    model: str = Field(description="The model that answered.")
    version: str = Field(description="Its version.")
    provider: str = Field(description="ONNX Runtime's execution provider it ran on.")
    predictions: list[Prediction]
    warnings: Warnings = None
    fitted: list[FittedPicture] | None = Field(
        None, description="Per instance, if the request names a fit or asks for the images."
    )


class Explanation(_Document):
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


class ExplainResponse(_Document):
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


class LayerMaps(_Document):
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
        description="Per channel, indices of the training images that excite it most."
    )


class LayersResponse(_Document):
    """What the layers of a network see in one image."""

    model: str
    version: str
    provider: str
    layers: list[LayerMaps]
    warnings: Warnings = None
    fitted: list[FittedPicture] | None = None


class UnansweredModel(_Document):
    """A model version that did not answer, and why."""

    model: str
    version: str
    reason: str


class CompareResponse(_Document):
    """Every serving model's answers for the same instances."""

    models: list[PredictResponse]
    agree: list[bool] | None = Field(
        description="Per instance, whether all models of the same classes say the same; null if "
        "no two models have the same classes."
    )
    skipped: list[UnansweredModel] = Field(description="Models that do not take the instances.")
    refused: list[UnansweredModel] = Field(description="Versions that were refused at load.")


class ServingVersion(_Document):
    """A model version that serves, and what to choose by."""

    name: str
    version: str
    state: Literal["ready"]
    default_version: bool = Field(description="Whether it answers requests that name no version.")
    title: str
    task: ModelTask
    modality: Modality
    algorithm: str | None
    family: Family | None
    provider: str
    test_accuracy: float | None = Field(None, description="Of a classification, if measured.")
    test_rmse: float | None = Field(None, description="Of a regression, if measured.")
    sample_accuracy: float | None = Field(
        None, description="Of an imported classification, on samples it may have been trained on."
    )
    sample_rmse: float | None = Field(
        None, description="Of an imported regression, on samples it may have been trained on."
    )
    bytes: int = Field(description="Size of the graph.")
    load_seconds: float
    explanations: list[str] = Field(
        description="Methods of POST /explain, the default first; empty where there is none."
    )


class RefusedVersion(_Document):
    """A model version that was refused at load, and why."""

    name: str
    version: str
    state: Literal["refused"]
    default_version: bool
    reason: str


class ModelList(_Document):
    """Every version in the repository."""

    default: str = Field(description="The model that answers requests that name none.")
    models: list[ServingVersion | RefusedVersion]


class ServingVersionDetail(ServingVersion):
    """A model version that serves, with its whole manifest."""

    manifest: Manifest


class ModelDetail(_Document):
    """All versions of one model."""

    name: str
    versions: list[ServingVersionDetail | RefusedVersion]


class Samples(_Document):
    """Golden inputs of a model, as `POST /predict` takes them."""

    model: str
    version: str
    instances: Instances


class VersionName(_Document):
    """A model version."""

    name: str
    version: str


class Readiness(_Document):
    """What serves. `degraded` is ready, with versions that were refused."""

    state: Literal["ready", "degraded", "not ready"]
    serving: list[VersionName]
    refused: list[RefusedVersion]
    error: str | None = Field(None, description="Why the service is not ready.")
    reload: str | None = Field(None, description="Why the last reload was given up.")


class RouteEntry(_Document):
    """One route of the service."""

    method: str
    path: str
    summary: str


class RouteList(_Document):
    """Every route of the service."""

    service: str
    routes: list[RouteEntry]
