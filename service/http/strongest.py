"""`GET /models/{name}/layers/{layer}/channels/{channel}`: what excites a channel most."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Annotated, Any

from pydantic import Field

from contract.auxiliary import read_strongest_images
from contract.errors import ContractError
from contract.layers import Layer
from contract.manifest import Manifest
from contract.messages import short
from contract.strongest import StrongestImages
from service.errors import NotFoundError, UnavailableError
from service.http.explain_schema import StrongestResponse
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.operation import ok
from service.http.kernel.route import Route
from service.http.parameters import model_name
from service.instances.pictures.encode import image_png
from service.serving.repository import Models
from service.serving.served import Served


def route(models: Models) -> Route:
    """The route over these models."""

    @cache
    def images_of(served: Served) -> StrongestImages | None:
        """The images of a version, read when they are first asked for."""
        return read_strongest_images(served.entry, served.manifest)

    async def show(request: Request) -> Reply:
        served = models.get(request.parameters["name"])
        layer = _layer(served, request.parameters["layer"])
        channel, indices = _channel(layer, request.parameters["channel"])
        try:
            images = await asyncio.to_thread(images_of, served)
        except ContractError as error:
            raise UnavailableError(f"the training images cannot be shown: {error}") from error
        shown = None if images is None else _pictures(images, indices, served.manifest)
        return reply(
            {
                "model": served.name,
                "version": served.version,
                "layer": layer.name,
                "channel": channel,
                "strongest": indices,
                "images": shown,
            }
        )

    return Route(
        "GET",
        "/models/{name}/layers/{layer}/channels/{channel}",
        show,
        summary="the training images that excite a channel of a network most",
        parameters={
            "name": model_name(models),
            "layer": _parameter("Name of a layer, as POST /layers lists them.", "conv1"),
            "channel": _parameter("A channel of it, from 0.", "0"),
        },
        responses=ok(StrongestResponse),
        errors=(NotFoundError, UnavailableError),
    )


def _parameter(description: str, example: str) -> Any:
    return Annotated[str, Field(description=description, examples=[example])]


def _layer(served: Served, name: str) -> Layer:
    layers = {layer.name: layer for layer in served.manifest.layers}
    if name not in layers:
        raise NotFoundError(
            f"model {served.name!r} has no layer {short(name)}; "
            f"it has {', '.join(layers) or 'none to show'}"
        )
    return layers[name]


def _channel(layer: Layer, text: str) -> tuple[int, tuple[int, ...]]:
    """The channel, and the indices of its images."""
    # At most four digits: int() of more, or of other scripts' digits, is no channel either.
    if not (text.isascii() and text.isdecimal() and len(text) <= 4) or int(text) >= layer.shape[0]:
        raise NotFoundError(
            f"layer {layer.name!r} has no channel {short(text)}; "
            f"choose from 0 to {layer.shape[0] - 1}"
        )
    return int(text), layer.strongest[int(text)]


def _pictures(images: StrongestImages, indices: tuple[int, ...], manifest: Manifest) -> list[str]:
    """The images of some indices, each base64 of a PNG."""
    return [image_png(manifest.inputs[0], image) for image in images.of(indices)]
