"""Types of the named parts of paths, with examples from the models that are loaded."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from service.serving.repository import Models


def model_name(models: Models) -> Any:
    """The name of a model."""
    return Annotated[str, Field(description="Name of a model.", examples=models.names[:1])]


def model_version(models: Models) -> Any:
    """The version of a model; the example belongs to the example of `model_name`."""
    numbers = models.known(models.names[0])[-1:] if models.names else []
    return Annotated[
        str, Field(description="Version of a model.", examples=[str(n) for n in numbers])
    ]
