"""`/v2/...`: the Open Inference Protocol's routes. `service.protocol` reads and writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field

from contract.batch import Batch
from service.errors import (
    BusyError,
    DeadlineError,
    InvalidError,
    MalformedError,
    NotFoundError,
    ServiceError,
    UnavailableError,
)
from service.http import v2_documents as documents
from service.http.examples import infer_example, with_example
from service.http.kernel.messages import JSON, Reply, Request, reply
from service.http.kernel.operation import Response, ok
from service.http.kernel.route import Handler, Route
from service.http.kernel.threads import Threads
from service.http.parameters import model_name, model_version
from service.http.repository import RepositoryRoutes
from service.http.repository_control import STOPPING
from service.http.verbs import INLINE_BYTES
from service.protocol import schema
from service.protocol.binary import HEADER, header_length
from service.protocol.types import InferenceResponse
from service.serving.repository import Models
from service.verbs.infer import Infer, InferRequest

OCTETS = "application/octet-stream"
_HEADER = HEADER.lower()
_HEADER_BYTES = _HEADER.encode()
_HEADER_LENGTH = Annotated[
    int, Field(ge=0, description="Bytes of the JSON; the binary tensors follow it.")
]
_NONE: Mapping[str, Any] = MappingProxyType({})

# A document about a model and a version, if the path names them.
Show = Callable[[str | None, str | None], Any]


class V2:
    """The routes over these models."""

    def __init__(
        self, models: Models, infer: Infer, threads: Threads, repository: RepositoryRoutes
    ) -> None:
        self._models = models
        self._infer = infer
        self._threads = threads
        self._repository = repository

    def routes(self) -> list[Route]:
        """Every route of the protocol."""
        models, repository = self._models, self._repository

        def server(*_: str | None) -> Any:
            return documents.server(repository.supported)

        def ready(*_: str | None) -> Any:
            if repository.control.draining:
                raise UnavailableError(STOPPING)
            return documents.server_ready(models)

        index = Route(
            "POST",
            "/v2/repository/index",
            _bare_errors(self._index),
            summary="every version and its state",
            body={JSON: schema.RepositoryIndexRequest, OCTETS: bytes},
            body_required=False,
            responses=ok(list[schema.RepositoryModel]),
            errors=(MalformedError, InvalidError),
            error_body=schema.InferenceError,
        )
        return [
            *self._model_routes("/v2/models/{name}"),
            *self._model_routes("/v2/models/{name}/versions/{version}"),
            _get("/v2", server, schema.MetadataServer, "the server"),
            _get("/v2/", server, schema.MetadataServer, "the same"),
            _get(
                "/v2/health/live",
                lambda *_: {"live": True},
                schema.ServerLive,
                "200 while the process answers",
                public=True,
                monitoring=True,
            ),
            _get(
                "/v2/health/ready",
                ready,
                schema.ServerReady,
                "200 when the default model serves, as /readyz",
                public=True,
                monitoring=True,
                errors=(UnavailableError,),
            ),
            _get(
                "/v2/models",
                lambda *_: {"models": models.names},
                schema.ModelNames,
                "names of all models",
            ),
            _get(
                "/v2/models/stats",
                partial(documents.statistics, models),
                schema.ModelStats,
                "what all models have answered",
            ),
            index,
            *(replace(r, handler=_bare_errors(r.handler)) for r in repository.routes()),
        ]

    def _model_routes(self, path: str) -> list[Route]:
        """The routes of a model, or of one of its versions."""
        models = self._models
        parameters = {"name": model_name(models)}
        if "{version}" in path:
            parameters["version"] = model_version(models)
        errors = (NotFoundError, UnavailableError)
        get = partial(_get, parameters=parameters, errors=errors)
        return [
            self._infer_route(f"{path}/infer", parameters),
            get(
                path,
                partial(documents.model, models),
                schema.MetadataModel,
                "inputs, outputs and platform",
            ),
            get(
                f"{path}/ready",
                partial(documents.model_ready, models),
                schema.ModelReady,
                "200 when it serves",
            ),
            get(
                f"{path}/stats",
                partial(documents.statistics, models),
                schema.ModelStats,
                "what it has answered",
                # Without a version, those that were refused are left out.
                errors=errors if "version" in parameters else (NotFoundError,),
            ),
        ]

    def _infer_route(self, path: str, parameters: Mapping[str, Any]) -> Route:
        return Route(
            "POST",
            path,
            _bare_errors(self._answer),
            summary="inference: tensors in, tensors out",
            body={
                JSON: with_example(schema.InferenceRequest, infer_example(self._models)),
                OCTETS: bytes,
            },
            parameters=parameters,
            headers={HEADER: _HEADER_LENGTH},
            responses={
                200: Response(
                    "The outputs: as JSON, or, if any is asked for in binary, JSON and the bytes "
                    "of the binary tensors.",
                    {JSON: schema.InferenceResponse, OCTETS: bytes},
                    {HEADER: "Bytes of the JSON before the binary tensors."},
                )
            },
            errors=(
                MalformedError,
                NotFoundError,
                InvalidError,
                BusyError,
                UnavailableError,
                DeadlineError,
            ),
            error_body=schema.InferenceError,
        )

    async def _answer(self, request: Request) -> Reply:
        """Decode, infer, encode; the first and the last on a thread where they take long."""
        name, version = request.parameters["name"], request.parameters.get("version")
        length = header_length(request.header(_HEADER_BYTES))
        arguments = (name, version, request.body, length)
        # Binary tensors are only viewed, whatever their size.
        if (len(request.body) if length is None else length) <= INLINE_BYTES:
            decoded = self._infer.decode(*arguments)
        else:
            decoded = await self._threads.run(partial(self._infer.decode, *arguments))
        answer = await self._run(request, decoded)
        if decoded.light:
            return _reply(self._infer.encode(decoded, answer))
        return _reply(await self._threads.run(partial(self._infer.encode, decoded, answer)))

    async def _run(self, request: Request, decoded: InferRequest) -> Batch:
        work = self._infer.run(decoded)
        if self._infer.worth_watching(decoded):
            return await request.cancel_on_disconnect(work)
        return await work

    async def _index(self, request: Request) -> Reply:
        selection = self._repository.control.selection
        return reply(documents.index(self._models, request.body, selection))


def _get(
    path: str,
    show: Show,
    body: Any,
    summary: str,
    parameters: Mapping[str, Any] = _NONE,
    errors: Sequence[type[ServiceError]] = (),
    *,
    public: bool = False,
    monitoring: bool = False,
) -> Route:
    """A route that shows a document of a type."""
    return Route(
        "GET",
        path,
        _bare_errors(_shows(show)),
        summary=summary,
        public=public,
        monitoring=monitoring,
        parameters=parameters,
        responses=ok(body),
        errors=errors,
        error_body=schema.InferenceError,
    )


def _shows(show: Show) -> Handler:
    async def handle(request: Request) -> Reply:
        return reply(show(request.parameters.get("name"), request.parameters.get("version")))

    return handle


def _bare_errors(handler: Handler) -> Handler:
    """The handler with errors as the specification has them: `error` alone."""

    async def handle(request: Request) -> Reply:
        try:
            return await handler(request)
        except ServiceError as error:
            error.loc = None
            raise

    return handle


def _reply(response: InferenceResponse) -> Reply:
    if response.header_length is None:
        return Reply(response.body)
    headers = {_HEADER: str(response.header_length)}
    return Reply(response.body, headers=headers, content_type=OCTETS)
