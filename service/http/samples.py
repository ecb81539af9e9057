"""`GET /models/{name}/samples`: a model's golden inputs as instances that `/predict` takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from contract.batch import Array
from contract.tensors import Input
from service.errors import NotFoundError, UnavailableError
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.operation import ok
from service.http.kernel.route import Route
from service.http.models_schema import Samples
from service.http.parameters import model_name
from service.instances.pictures.encode import image_png
from service.serving.repository import Models


def route(models: Models) -> Route:
    """The route over these models."""

    async def show(request: Request) -> Reply:
        served = models.get(request.parameters["name"])
        inputs = served.manifest.inputs
        found = instances(inputs, served.session.samples.arrays)
        return reply({"model": served.name, "version": served.version, "instances": found})

    return Route(
        "GET",
        "/models/{name}/samples",
        show,
        summary="its golden inputs, as instances",
        parameters={"name": model_name(models)},
        responses=ok(Samples),
        errors=(NotFoundError, UnavailableError),
    )


def instances(inputs: tuple[Input, ...], arrays: Mapping[str, Array]) -> list[Any]:
    """Rows of a batch as JSON: pictures as base64 of a PNG, missing values as null."""
    rows = len(arrays[inputs[0].name])
    if len(inputs) == 1 and not inputs[0].columns:
        return [_value(inputs[0], arrays[inputs[0].name][i]) for i in range(rows)]
    return [_row(inputs, arrays, i) for i in range(rows)]


def _row(inputs: tuple[Input, ...], arrays: Mapping[str, Array], i: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for tensor in inputs:
        values = arrays[tensor.name][i]
        if tensor.columns:
            row |= zip(tensor.columns, map(_cell, np.atleast_1d(values)), strict=True)
        else:
            row[tensor.name] = _value(tensor, values)
    return row


def _value(tensor: Input, values: Array) -> Any:
    """One row of an input without columns."""
    if tensor.content == "image" and tensor.datatype == "UINT8" and tensor.channels != 4:
        return image_png(tensor, values)
    return values.tolist()


def _cell(value: Any) -> Any:
    """A value of a column; NaN and the empty text are missing.

    A number stays NumPy's: 0.1 in float32 is written as 0.1, not as 0.10000000149.
    """
    if isinstance(value, str):
        return value or None
    return None if np.isnan(value) else value
