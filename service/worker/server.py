"""uvicorn's server, told by the supervisor when to take connections and when to drain."""

from __future__ import annotations

import asyncio
import math
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.lifespan.on import LifespanOn

from service.http.kernel.asgi import ASGIApp
from service.supervisor.messages import (
    Accept,
    Accepting,
    Drain,
    Drained,
    Draining,
    Failed,
    Message,
    News,
    Stop,
)
from service.worker.connection import Connection
from service.worker.control import SupervisedControl
from service.worker.handover import Handover
from service.worker.limits import ConnectionLimits
from service.worker.state import State

_TICK_SECONDS = 0.02
# Time between two checks of all connections for slow clients.
_SWEEP_SECONDS = 0.5


class Lifespan(LifespanOn):
    """Remembers why the application could not start."""

    failure = "its models cannot be loaded; the log above says why"

    async def send(self, message: Any) -> None:
        """Take the application's message."""
        if message["type"] == "lifespan.startup.failed" and message.get("message"):
            last = message["message"].strip().splitlines()[-1]
            self.failure = last.partition(": ")[2] or last
        await super().send(message)


def configuration(app: Any, stop_seconds: float, *, traced: bool = False) -> uvicorn.Config:
    """As BentoML's own worker configures uvicorn, with connections that are guarded and can move.

    Args:
        stop_seconds: longest that a request in progress may take once the server stops.
        traced: requests have spans.
    """
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,  # the service has its own
        proxy_headers=traced,  # only spans tell the client's address
        server_header=False,
        timeout_graceful_shutdown=math.ceil(stop_seconds),
        # A pipelined request is started while the one before it ends, and must not have its trace.
        reset_contextvars=True,
    )
    config.load()
    config.lifespan_class = Lifespan
    return config


class Server(uvicorn.Server):
    """Serves the connections of a listening socket that other processes share.

    Args:
        config: of `configuration`.
        control: the worker's side of the supervisor's channel.
        handover: where idle connections come from and go to.
        stop_seconds: longest that draining may take.
        limits: of the connections.
        overload_app: answers on connections over the limit.
        read_keys: reads the API keys anew; called when a reload leaves this worker serving.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        control: SupervisedControl,
        handover: Handover,
        stop_seconds: float,
        limits: ConnectionLimits,
        overload_app: ASGIApp,
        read_keys: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self.server_state = self._state = State(limits, overload_app)
        self._read_keys = read_keys
        self._control = control
        self._handover = handover
        self._stop_seconds = stop_seconds
        self._admitted = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until the supervisor says otherwise."""
        await self._control.connect(self._on_message)
        sweep = asyncio.create_task(self._sweep())
        try:
            await super().serve(sockets)
        finally:
            sweep.cancel()
            with suppress(asyncio.CancelledError):
                await sweep
            await self._control.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the models, wait until the supervisor wants this worker, take connections."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            self._control.tell(Failed(getattr(self.lifespan, "failure", "")))
            sys.exit(STARTUP_FAILURE)
        self._control.loaded()
        self.servers = []
        await self._admitted.wait()
        if self.should_exit:
            await self.lifespan.shutdown()
            return
        await self._accept(sockets or [])
        self.started = True
        self._control.tell(Accepting())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, answer what has come."""
        self._state.leaving = True
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # time is over
            connection.transport.abort()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self._state.enforce_limits()

    async def _accept(self, sockets: list[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        for listener in sockets:
            self.servers.append(
                await loop.create_server(
                    self._connection, sock=listener, backlog=self.config.backlog
                )
            )
        self._handover.start(lambda taken: self._run(self._adopt(taken)))

    async def _adopt(self, taken: socket.socket) -> None:
        """Serve a connection that another worker has passed on."""
        loop = asyncio.get_running_loop()
        taken.setblocking(False)
        await loop.connect_accepted_socket(partial(self._connection, moved=True), taken)

    def _connection(self, moved: bool = False) -> Connection:
        return Connection(self.config, self._state, self.lifespan.state, moved)

    def _on_message(self, message: Message | None) -> None:
        """Do what the supervisor says; None means that it is gone."""
        if isinstance(message, Accept):
            self._admitted.set()
        elif isinstance(message, Drain):
            self._run(self._drain())
        elif isinstance(message, Draining):
            self._state.leaving = True  # `SupervisedControl` tells readiness
        elif isinstance(message, News):
            self._read_keys()
        elif message is None or isinstance(message, Stop):
            self.should_exit = True
            self._admitted.set()

    async def _drain(self) -> None:
        """Take no more connections, pass on the idle ones, answer what has come, and end."""
        for server in self.servers:
            server.close()
        self._handover.stop()
        self._state.handover = self._handover
        for connection in list(self.server_state.connections):
            connection.move()  # type: ignore[union-attr]
        self._control.tell(Drained())
        until = asyncio.get_running_loop().time() + self._stop_seconds
        await asyncio.sleep(_TICK_SECONDS)  # for connections that were being accepted
        while self.server_state.connections or self.server_state.tasks:
            now = asyncio.get_running_loop().time()
            if self._control.has_waiting:  # clients that wait until every worker is replaced
                until = now + self._stop_seconds
            if now > until:
                break
            await asyncio.sleep(_TICK_SECONDS)
        self.should_exit = True

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
