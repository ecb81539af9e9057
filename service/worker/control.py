"""The worker's side of the channel to the supervisor."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Callable
from typing import cast

from service.errors import ReloadError
from service.http.repository_control import RepositoryControl
from service.selection import Rejection
from service.serving.repository import Models
from service.supervisor.channel import Channel, receive
from service.supervisor.messages import (
    Change,
    Changed,
    Draining,
    Failed,
    Hello,
    Loaded,
    Message,
    News,
    Start,
    Stop,
    encode,
)


class SupervisedControl(RepositoryControl):
    """The worker's side of the channel.

    Args:
        end: of the socket pair whose other end the supervisor holds.
    """

    supported = True

    def __init__(self, end: socket.socket) -> None:
        start = cast(Start, receive(end))
        self.seat = start.seat
        self.worker = str(start.seat)
        self.selection = start.selection
        self.worker_deaths = start.deaths
        self._end = end
        self._channel: Channel
        self._models: Models
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._listening: asyncio.Task[None]

    def attach(self, models: Models) -> None:
        """Remember the models that were loaded."""
        self._models = models

    def hello(self, hello: Hello) -> None:
        """Tell the settings, before there is an event loop."""
        self._end.sendall(encode(hello))

    def failed(self, reason: str) -> None:
        """Tell that this worker cannot start, before there is an event loop."""
        self._end.sendall(encode(Failed(reason)))

    def loaded(self) -> None:
        """Tell what this worker would serve."""
        models = self._models
        refused = [one for versions in models.refusals.values() for one in versions.values()]
        self.tell(
            Loaded(
                models.ready(),
                tuple((served.name, served.version) for served in models.all()),
                tuple(Rejection(one.name, one.version, one.reason) for one in refused),
                tuple(Rejection(one.name, one.version, one.reason) for one in models.faults()),
                tuple((served.name, served.version) for served in models.serving()),
            )
        )

    @property
    def has_waiting(self) -> bool:
        """True if clients wait for a change."""
        return bool(self._waiting)

    async def connect(self, on_message: Callable[[Message | None], None]) -> None:
        """Call `on_message` with each message, and with None when the supervisor is gone."""
        self._channel = await Channel.over(self._end)
        self._listening = asyncio.create_task(self._listen(self._channel, on_message))

    async def close(self) -> None:
        """Send what is queued, and receive no more."""
        self._listening.cancel()
        await asyncio.wait([self._listening])
        await self._channel.close()

    def tell(self, message: Message) -> None:
        """Send the supervisor a message."""
        self._channel.send(message)

    async def change(self, action: str, model: str) -> None:
        """`load` or `unload` a model; returns when every worker serves accordingly.

        Raises:
            ReloadError: the workers serve on as before.
        """
        number = next(self._ids)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self.tell(Change(number, action, model))
        try:
            if error := await answer:
                raise ReloadError(error)
        finally:
            del self._waiting[number]

    async def _listen(self, channel: Channel, on_message: Callable[[Message | None], None]) -> None:
        async for message in channel:
            if isinstance(message, Changed):
                answer = self._waiting.get(message.id)
                if answer is not None and not answer.done():
                    answer.set_result(message.error)
            else:
                if isinstance(message, Draining):
                    self.draining = True
                elif isinstance(message, News):
                    self.selection = message.selection
                self._give_up_if(isinstance(message, Stop))
                on_message(message)
        self._give_up_if(True)
        on_message(None)

    def _give_up_if(self, stopping: bool) -> None:
        """Answer the clients that wait for a change."""
        for answer in self._waiting.values() if stopping else ():
            if not answer.done():
                answer.set_result("the server stops, so nothing was changed")
