"""`/v2/...`: the Open Inference Protocol's routes. `service.protocol` reads and writes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from service.errors import ServiceError
from service.http.kernel.messages import JSON, Reply, Request, reply
from service.http.kernel.route import Handler, Route
from service.http.kernel.threads import Threads
from service.http.predict import INLINE_BYTES
from service.inference.dispatch import Infer
from service.inference.repository import Models
from service.inference.session import Answer, Session
from service.protocol import metadata
from service.protocol.binary import HEADER, header_length
from service.protocol.codec import Asked, Codec
from service.protocol.statistics import Statistics
from service.protocol.types import InferenceResponse

OCTETS = "application/octet-stream"
_HEADER = HEADER.lower()


class V2:
    """The routes over these models.

    Args:
        infer: what answers images.
        worth_watching: whether so many rows of a session take so long that a client may leave.
    """

    def __init__(
        self,
        models: Models,
        codec: Codec,
        statistics: Statistics,
        infer: Infer,
        worth_watching: Callable[[Session, int], bool],
        threads: Threads,
    ) -> None:
        self._models = models
        self._codec = codec
        self._statistics = statistics
        self._infer = infer
        self._worth_watching = worth_watching
        self._threads = threads

    def routes(self) -> list[Route]:
        """Every route of the protocol."""
        models, statistics = self._models, self._statistics

        def get(path: str, show: Callable[[str | None, str | None], Any], summary: str) -> Route:
            return Route("GET", path, _spoken(_shows(show)), summary=summary)

        def post(path: str, handler: Handler, summary: str) -> Route:
            return Route("POST", path, _spoken(handler), (JSON, OCTETS), summary=summary)

        def of(path: str) -> list[Route]:
            return [
                post(f"{path}/infer", self._answer, "Open Inference Protocol: inference"),
                get(path, partial(metadata.model, models), "inputs, outputs and platform"),
                get(f"{path}/ready", partial(metadata.model_ready, models), "200 when it serves"),
                get(f"{path}/stats", statistics.document, "what it has answered"),
            ]

        return [
            *of("/v2/models/{name}"),
            *of("/v2/models/{name}/versions/{version}"),
            get("/v2", lambda *_: metadata.server(), "Open Inference Protocol: the server"),
            get("/v2/", lambda *_: metadata.server(), "the same"),
            get("/v2/health/live", lambda *_: {"live": True}, "200 while the process answers"),
            get("/v2/health/ready", lambda *_: metadata.server_ready(models), "as /readyz"),
            get("/v2/models", lambda *_: {"models": models.names}, "names of all models"),
            get("/v2/models/stats", lambda *_: statistics.document(), "what all have answered"),
            post("/v2/repository/index", self._index, "every version and its state"),
        ]

    async def _answer(self, request: Request) -> Reply:
        """Decode, infer, encode; the first and the last on a thread where they take long."""
        name, version = request.parameters["name"], request.parameters.get("version")
        length = header_length(request.header(_HEADER.encode()))
        arguments = (name, version, request.body, length)
        # Binary tensors are not read, whatever their size.
        if (len(request.body) if length is None else length) <= INLINE_BYTES:
            asked = self._codec.decode(*arguments)
        else:
            asked = await self._threads.run(partial(self._codec.decode, *arguments))
        answer = await self._run(request, asked)
        if asked.light:
            return _reply(self._codec.encode(asked, answer))
        return _reply(await self._threads.run(partial(self._codec.encode, asked, answer)))

    async def _run(self, request: Request, asked: Asked) -> Answer:
        work = self._infer(asked.session, asked.images)
        if self._worth_watching(asked.session, len(asked.images)):
            return await request.cancel_on_disconnect(work)
        return await work

    async def _index(self, request: Request) -> Reply:
        return reply(metadata.index(self._models, request.body))


def _shows(show: Callable[[str | None, str | None], Any]) -> Handler:
    async def handle(request: Request) -> Reply:
        return reply(show(request.parameters.get("name"), request.parameters.get("version")))

    return handle


def _spoken(handler: Handler) -> Handler:
    """The same, its errors as the specification has them: `error` alone."""

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
