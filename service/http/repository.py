"""`POST /v2/repository/models/{name}/load` and `unload`: Triton's model repository extension.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md
"""

from __future__ import annotations

import asyncio
from typing import Any

from contract.messages import describe, short
from contract.repository import entries
from service.errors import (
    InvalidError,
    MalformedError,
    NotFoundError,
    NotSupportedError,
    ReloadError,
)
from service.http.kernel.messages import JSON, Reply, Request, reply
from service.http.kernel.operation import ok
from service.http.kernel.route import Route
from service.http.parameters import model_name
from service.http.repository_control import RepositoryControl
from service.protocol import schema
from service.serving.repository import Models
from service.settings import Settings
from service.strict_json import parse_object, refuse_unknown

_OCTETS = "application/octet-stream"
_SUMMARIES = {
    "load": "load a model, or load it anew, in every worker",
    "unload": "unload a model from every worker",
}


class RepositoryRoutes:
    """The routes that change what serves.

    Args:
        models: what serves.
        control: carries the changes out.
        settings: where the repository is, and whether clients may change what serves.
    """

    def __init__(self, models: Models, control: RepositoryControl, settings: Settings) -> None:
        self._models = models
        self.control = control
        self._models_dir = settings.models_dir
        self._allowed = settings.model_control == "explicit"

    @property
    def supported(self) -> bool:
        """True if clients can load and unload models."""
        return self._allowed and self.control.supported

    def routes(self) -> list[Route]:
        """Load and unload."""
        return [self._route("load"), self._route("unload")]

    def _route(self, action: str) -> Route:
        async def handle(request: Request) -> Reply:
            _check(request.body)
            if not self._allowed:
                raise NotSupportedError(
                    f"clients may not {action} models, since ROSENBLATT_MODEL_CONTROL is 'none'"
                )
            name = request.parameters["name"]
            await asyncio.to_thread(self._require, name)
            await self.control.change(action, name)
            return reply({})

        return Route(
            "POST",
            f"/v2/repository/models/{{name}}/{action}",
            handle,
            summary=_SUMMARIES[action],
            admin=True,
            body={JSON: schema.RepositoryChangeRequest, _OCTETS: bytes},
            body_required=False,
            parameters={"name": model_name(self._models)},
            responses=ok(schema.RepositoryChangeResponse),
            errors=(
                MalformedError,
                InvalidError,
                NotFoundError,
                ReloadError,
                NotSupportedError,
            ),
            error_body=schema.InferenceError,
        )

    def _require(self, name: str) -> None:
        """Raise NotFoundError for a model that neither serves nor is in the repository."""
        found = {entry.name for entry in entries(self._models_dir, lambda stray: None)}
        known = sorted(found.union(self._models.names))
        if name not in known:
            raise NotFoundError(
                f"model {short(name)} is not in the repository; it has {', '.join(known) or 'none'}"
            )


def _check(body: bytes) -> None:
    """Raise a ServiceError for a body that is neither empty nor a request that can be fulfilled."""
    document = parse_object(body, '{"parameters": {}}') if body else {}
    refuse_unknown(document, {"parameters"})
    parameters: Any = document.get("parameters", {})
    if not isinstance(parameters, dict):
        raise InvalidError(f"parameters is {describe(parameters)}; it must be an object")
    for parameter in parameters:
        if parameter == "config" or parameter.startswith("file:"):
            raise InvalidError(
                f"parameter {short(parameter)} is not supported; models are read from the "
                "repository as they are"
            )
        if parameter != "unload_dependents":  # no model here has any
            raise InvalidError(
                f"parameter {short(parameter)} is unknown; the parameter is unload_dependents"
            )
