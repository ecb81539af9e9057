"""`layers`: the feature maps of a network for one image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contract.auxiliary import read_layers
from contract.batch import Array
from contract.messages import describe
from service.errors import InvalidError
from service.explain.lazy import LazyGraph
from service.explain.worker import Worker
from service.instances.decoder import Decoded, Options, check_instances
from service.instances.pictures.encode import png_base64
from service.serving.repository import Models
from service.serving.served import Served
from service.settings import Settings
from service.strict_json import may_hold_booleans, optional_string, parse_object, refuse_unknown
from service.verbs.document import document_of
from service.verbs.options import FIELDS, options_of, options_of_texts

Form = Literal["png", "values"]
MOST_REQUESTS = 16
FORMS: tuple[Form, ...] = ("png", "values")
_FIELDS = frozenset({"model", "version", "instances", "form", *FIELDS})


class LayersRequest(NamedTuple):
    """The version, the decoded image, and the form of the maps."""

    served: Served
    decoded: Decoded
    form: Form


class Layers:
    """The verb over the loaded networks; a `Verb[LayersRequest, list[Array]]`."""

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models, self._settings = models, settings
        self._worker = Worker("layers", "answered", MOST_REQUESTS, settings.timeout_seconds)
        self._graphs: dict[tuple[str, str], LazyGraph] = {}

    def decode(self, body: bytes) -> LayersRequest:
        """Decode a JSON body.

        Raises:
            MalformedError: the body is not a JSON object.
            InvalidError: a field is wrong, or the model has no layers.
            TooLargeError: there is more than one instance.
            NotFoundError: there is no such model or version.
            UnavailableError: it was refused at load, or is unloaded.
        """
        document = parse_object(body)
        refuse_unknown(document, _FIELDS)
        named = {name: optional_string(document, name) for name in ("model", "version", "form")}
        options = options_of(document, booleans=may_hold_booleans(body))
        return self.request(document.get("instances"), options=options, **named)

    def decode_picture(self, picture: bytes, fields: Mapping[str, str]) -> LayersRequest:
        """The request for one encoded picture, with its fields as text.

        Raises:
            ServiceError: of the kind that fits.
        """
        named = {name: fields.get(name) for name in ("model", "version", "form")}
        return self.request([picture], options=options_of_texts(fields), **named)

    def request(
        self,
        instances: Any,
        model: str | None = None,
        version: str | None = None,
        form: str | None = None,
        options: Options = Options(),  # noqa: B008 - a tuple does not change
    ) -> LayersRequest:
        """Decode one image; see `decode` for the errors."""
        served = self._models.get(model, version)
        rows = check_instances(instances, 1)
        if not served.manifest.layers:
            raise InvalidError(
                f"model {served.name!r} has no layers to show; name a network, such as one of "
                f"{', '.join(self._networks()) or 'none here'}",
                loc=["model"],
            )
        chosen = form or FORMS[0]
        if chosen not in FORMS:
            raise InvalidError(
                f"form is {describe(form)}; it must be one of {', '.join(FORMS)}", loc=["form"]
            )
        return LayersRequest(served, served.decoder.decode(rows, options), chosen)

    def worth_watching(self, request: LayersRequest) -> bool:
        """False: it takes as long as a prediction."""
        return False

    async def run(self, request: LayersRequest) -> list[Array]:
        """The maps of each layer, [channels, height, width].

        Raises:
            BusyError: too many requests run or wait.
            DeadlineError: it waited too long and was not run.
            UnavailableError: the graph of the layers cannot be used.
        """
        return await self._worker.run(lambda _: self.maps(request), float("inf"))

    def maps(self, request: LayersRequest) -> list[Array]:
        """The maps, on this thread."""
        served = request.served
        key = (served.name, served.version)
        if key not in self._graphs:
            self._graphs[key] = LazyGraph(
                f"the graph of the layers of model {served.name!r}",
                lambda: read_layers(served.entry, served.manifest),
                self._settings,
            )
        names = [layer.name for layer in served.manifest.layers]
        return [each[0] for each in self._graphs[key].run(names, request.decoded.batch.arrays)]

    def encode(self, request: LayersRequest, answer: list[Array]) -> dict[str, Any]:
        """The response as a JSON document: one entry per layer."""
        layers = request.served.manifest.layers
        fields = {
            "layers": [
                {
                    "name": layer.name,
                    "kind": layer.kind,
                    "shape": layer.shape,
                    request.form: png_base64(grid(maps)) if request.form == "png" else maps,
                    "filters": layer.filters,
                    "strongest": layer.strongest,
                }
                for layer, maps in zip(layers, answer, strict=True)
            ]
        }
        return document_of(request.served, request.decoded, fields)

    def answer(self, request: LayersRequest) -> dict[str, Any]:
        """Run and encode, for callers inside the process."""
        return self.encode(request, self.maps(request))

    def _networks(self) -> list[str]:
        return [served.name for served in self._models.serving() if served.manifest.layers]


def grid(maps: Array) -> NDArray[np.uint8]:
    """Maps [channels, height, width] side by side in about a square, a pixel apart.

    The strongest value of the layer is white, so channels compare.
    """
    channels, height, width = maps.shape
    columns = math.ceil(math.sqrt(channels))
    rows = math.ceil(channels / columns)
    low = np.minimum(maps, 0).min()
    span = float(maps.max() - low) or 1.0
    found = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1), np.uint8)
    for k, each in enumerate(maps):
        top, left = (k // columns) * (height + 1), (k % columns) * (width + 1)
        shown = np.round(255 * (each - low) / span)
        found[top : top + height, left : left + width] = shown.astype(np.uint8)
    return found
