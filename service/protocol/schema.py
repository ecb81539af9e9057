"""The JSON of the protocol as types, which document the routes in OpenAPI.

Names are those of the specification, https://github.com/kserve/open-inference-protocol, and of
Triton's extensions for statistics, classification, binary tensors and the repository's index. The
decoders enforce these types and also the tensors, shapes and datatypes of each model.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from contract.tensors import Datatype

Parameter = str | int | float | bool
Data = Annotated[
    list[Any],
    Field(description="Row-major values, flat or nested as the shape; responses are flat."),
]
Shape = Annotated[list[int], Field(description="Size of each dimension; the first is the batch.")]
ModelState = Literal["READY", "UNAVAILABLE"]
_STRICT = ConfigDict(extra="forbid")


class ServerLive(TypedDict):
    """`$live_server_response`."""

    live: bool


class ServerReady(TypedDict):
    """`$ready_server_response`."""

    ready: bool


class ModelReady(TypedDict):
    """`$ready_model_response`."""

    name: str
    ready: bool


class MetadataServer(TypedDict):
    """`$metadata_server_response`."""

    name: str
    version: str
    extensions: list[str]


class MetadataTensor(TypedDict):
    """`$metadata_tensor`."""

    name: str
    datatype: Datatype
    shape: Annotated[list[int], Field(description="-1 is the batch dimension.")]


class MetadataModel(TypedDict):
    """`$metadata_model_response`."""

    name: str
    versions: Annotated[list[str], Field(description="The versions that serve requests.")]
    platform: str
    inputs: list[MetadataTensor]
    outputs: list[MetadataTensor]


class ModelNames(TypedDict):
    """Names of all models."""

    models: list[str]


class InputParameters(TypedDict):
    """Parameters of an input; others are ignored."""

    binary_data_size: NotRequired[
        Annotated[int, Field(ge=0, description="Bytes of the tensor, after the JSON.")]
    ]


class OutputParameters(TypedDict):
    """Parameters of a requested output; others are ignored."""

    binary_data: NotRequired[Annotated[bool, Field(description="Send it after the JSON.")]]
    classification: NotRequired[
        Annotated[int, Field(ge=1, description="Send this many best classes instead.")]
    ]


class RequestParameters(TypedDict):
    """Parameters of a request; others are ignored."""

    binary_data_output: NotRequired[
        Annotated[bool, Field(description="Send all outputs after the JSON.")]
    ]


@with_config(_STRICT)
class RequestInput(TypedDict):
    """`$request_input`: one tensor, in `data` or after the JSON."""

    name: str
    shape: Shape
    datatype: Datatype
    parameters: NotRequired[InputParameters | None]
    data: NotRequired[Data]


@with_config(_STRICT)
class RequestOutput(TypedDict):
    """`$request_output`: one output to send."""

    name: str
    parameters: NotRequired[OutputParameters | None]


@with_config(_STRICT)
class InferenceRequest(TypedDict):
    """`$inference_request`; all outputs are sent unless `outputs` names some."""

    id: NotRequired[str | None]
    model_name: NotRequired[str | None]
    model_version: NotRequired[str | None]
    parameters: NotRequired[RequestParameters | None]
    inputs: Annotated[list[RequestInput], Field(min_length=1)]
    outputs: NotRequired[list[RequestOutput] | None]


class ResponseParameters(TypedDict):
    """Parameters of an output that follows the JSON."""

    binary_data_size: int


class ResponseOutput(TypedDict):
    """`$response_output`: one tensor, in `data` or after the JSON."""

    name: str
    datatype: Datatype
    shape: Shape
    parameters: NotRequired[ResponseParameters]
    data: NotRequired[Data]


class InferenceResponse(TypedDict):
    """`$inference_response`."""

    model_name: str
    model_version: str
    id: NotRequired[str]
    outputs: list[ResponseOutput]


class InferenceError(TypedDict):
    """`$inference_error_response`: one sentence."""

    error: str


@with_config(_STRICT)
class RepositoryIndexRequest(TypedDict):
    """`$repository_index_request`."""

    ready: NotRequired[Annotated[bool, Field(description="List only versions that serve.")]]


class RepositoryModel(TypedDict):
    """One entry of `$repository_index_response`."""

    name: str
    version: str
    state: ModelState
    reason: Annotated[str, Field(description="Why it does not serve, or empty.")]


@with_config(_STRICT)
class RepositoryChangeRequest(TypedDict):
    """`$repository_load_request` and `$repository_unload_request`."""

    parameters: NotRequired[
        Annotated[
            dict[str, Parameter],
            Field(description="`config` and `file:...` are refused, others are ignored."),
        ]
    ]


class RepositoryChangeResponse(TypedDict):
    """Empty: the change has reached every worker."""


class DurationStat(TypedDict):
    """`$duration_stat`."""

    count: int
    ns: Annotated[int, Field(description="Nanoseconds in total.")]


class InferStats(TypedDict):
    """`$infer_stats`: requests of one version."""

    success: DurationStat
    fail: DurationStat
    queue: DurationStat
    compute_input: DurationStat
    compute_infer: DurationStat
    compute_output: DurationStat
    cache_hit: DurationStat
    cache_miss: DurationStat


class BatchStat(TypedDict):
    """`$batch_stats`: runs of one size."""

    batch_size: int
    compute_input: DurationStat
    compute_infer: DurationStat
    compute_output: DurationStat


class ModelStat(TypedDict):
    """`$model_stat`: one version, since the server started."""

    name: str
    version: str
    last_inference: Annotated[int, Field(description="Milliseconds since 1970, 0 for never.")]
    inference_count: int
    execution_count: int
    inference_stats: InferStats
    batch_stats: list[BatchStat]


class ModelStats(TypedDict):
    """`$stats_model_response`."""

    model_stats: list[ModelStat]
