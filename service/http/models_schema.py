"""The JSON of the routes that say what serves, and of the list of routes, as pydantic types."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contract.manifest import Family, Manifest, Modality
from contract.manifest import Task as ModelTask
from service.http.schema import Document, Instances


class ServingVersion(Document):
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


class RefusedVersion(Document):
    """A model version that was refused at load, and why."""

    name: str
    version: str
    state: Literal["refused"]
    default_version: bool
    reason: str


class ModelList(Document):
    """Every version in the repository."""

    default: str = Field(description="The model that answers requests that name none.")
    models: list[ServingVersion | RefusedVersion]


class ServingVersionDetail(ServingVersion):
    """A model version that serves, with its whole manifest."""

    manifest: Manifest


class ModelDetail(Document):
    """All versions of one model."""

    name: str
    versions: list[ServingVersionDetail | RefusedVersion]


class Samples(Document):
    """Golden inputs of a model, as `POST /predict` takes them."""

    model: str
    version: str
    instances: Instances


class VersionName(Document):
    """A model version."""

    name: str
    version: str


class WrongRollout(Document):
    """A model whose rollout.json is wrong, and why; the model serves without it."""

    name: str
    reason: str


class Readiness(Document):
    """What serves.

    `degraded` is ready, with refused versions or wrong rollouts; `draining` is about to stop.
    """

    state: Literal["ready", "degraded", "not ready", "draining"]
    serving: list[VersionName]
    refused: list[RefusedVersion]
    rollouts: list[WrongRollout] = Field(description="Models whose rollout.json is wrong.")
    error: str | None = Field(None, description="Why the service is not ready.")
    reload: str | None = Field(None, description="Why the last reload was given up.")


class RouteEntry(Document):
    """One route of the service."""

    method: str
    path: str
    summary: str


class RouteList(Document):
    """Every route of the service."""

    service: str
    routes: list[RouteEntry]
