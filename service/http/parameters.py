"""Types of the named parts of paths, with examples from the models that are loaded."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from service.serving.repository import Models


def model_name(models: Models) -> Any:
    """The name of a model; the example is the default model, if it serves."""
    names = [models.default] if models.ready() else models.names[:1]
    return Annotated[str, Field(description="Name of a model.", examples=names)]


def model_version(models: Models) -> Any:
    """The version of a model; the example is the default model's."""
    versions = [models.get().version] if models.ready() else []
    return Annotated[str, Field(description="Version of a model.", examples=versions)]
