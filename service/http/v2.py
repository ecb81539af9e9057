"""`/v2/...`: the Open Inference Protocol's routes. `service.protocol` reads and writes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from contract.batch import Batch
from service.errors import ServiceError
from service.http import v2_documents as documents
from service.http.kernel.messages import JSON, Reply, Request, reply
from service.http.kernel.route import Handler, Route
from service.http.kernel.threads import Threads
from service.http.verbs import INLINE_BYTES
from service.protocol.binary import HEADER, header_length
from service.protocol.types import InferenceResponse
from service.serving.repository import Models
from service.verbs.infer import Infer, InferRequest

OCTETS = "application/octet-stream"
_HEADER = HEADER.lower()


class V2:
    """The routes over these models."""

    def __init__(self, models: Models, infer: Infer, threads: Threads) -> None:
        self._models = models
        self._infer = infer
        self._threads = threads

    def routes(self) -> list[Route]:
        """Every route of the protocol."""
        models = self._models

        def get(path: str, show: Callable[[str | None, str | None], Any], summary: str) -> Route:
            return Route("GET", path, _bare_errors(_shows(show)), summary=summary)

        def post(path: str, handler: Handler, summary: str) -> Route:
            return Route("POST", path, _bare_errors(handler), (JSON, OCTETS), summary=summary)

        def of(path: str) -> list[Route]:
            return [
                post(f"{path}/infer", self._answer, "Open Inference Protocol: inference"),
                get(path, partial(documents.model, models), "inputs, outputs and platform"),
                get(f"{path}/ready", partial(documents.model_ready, models), "200 when it serves"),
                get(f"{path}/stats", partial(documents.statistics, models), "what it has answered"),
            ]

        return [
            *of("/v2/models/{name}"),
            *of("/v2/models/{name}/versions/{version}"),
            get("/v2", lambda *_: documents.server(), "Open Inference Protocol: the server"),
            get("/v2/", lambda *_: documents.server(), "the same"),
            get("/v2/health/live", lambda *_: {"live": True}, "200 while the process answers"),
            get("/v2/health/ready", lambda *_: documents.server_ready(models), "as /readyz"),
            get("/v2/models", lambda *_: {"models": models.names}, "names of all models"),
            get("/v2/models/stats", partial(documents.statistics, models), "what all answered"),
            post("/v2/repository/index", self._index, "every version and its state"),
        ]

    async def _answer(self, request: Request) -> Reply:
        """Decode, infer, encode; the first and the last on a thread where they take long."""
        name, version = request.parameters["name"], request.parameters.get("version")
        length = header_length(request.header(_HEADER.encode()))
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
        return reply(documents.index(self._models, request.body))


def _shows(show: Callable[[str | None, str | None], Any]) -> Handler:
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
