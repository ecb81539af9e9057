"""One server: its workers, what is asked of them, and its end."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from service.supervisor.changes import Changes
from service.supervisor.fleet import Fleet
from service.supervisor.folder import Folder
from service.supervisor.listener import close_losing_none, url
from service.supervisor.process import WorkerError
from service.supervisor.spawner import COMMAND, Spawner

# A worker is killed if it has not ended this long after its own limit.
_GRACE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Supervisor:
    """Serves until it is told to stop. Made within a running event loop.

    Args:
        listener: the listening socket, which it owns from now on.
        command: starts a worker; the numbers of its sockets are appended.

    Attributes:
        started: set when the first worker takes connections.
        fleet: the workers.
        ask: has a change carried out, for a client of a worker.
    """

    def __init__(self, listener: socket.socket, command: Sequence[str] = COMMAND) -> None:
        self.started = asyncio.Event()
        self._spawner = Spawner(listener, command)
        self.fleet = Fleet(self._spawner)
        self._folder = Folder()
        self._changes = Changes(self.fleet, self._folder)
        self.ask = self._spawner.on_change = self._changes.ask
        self._stopping = asyncio.Event()
        self._pause_over = asyncio.Event()

    def reload(self) -> None:
        """Load the model repository anew."""
        self._changes.reload()

    def stop(self) -> None:
        """Serve on for the drain pause, answer what is being answered, and end.

        Each further call skips what is waited for: the pause, then the answers.
        """
        if not self._stopping.is_set():
            self._stopping.set()
        elif not self._pause_over.is_set():  # it may not have begun yet
            self._pause_over.set()
        else:
            self._spawner.kill()

    async def serve(self) -> None:
        """Until `stop` is called.

        Raises:
            WorkerError: no worker can be started; the message is whole.
        """
        with self._spawner:
            tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._stopping.wait())]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                await self.fleet.halt()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._end()

    async def _end(self) -> None:
        """Pause if the server was told to stop, close the port and end the workers."""
        settings = self.fleet.settings
        if self.fleet.serving:
            self.fleet.draining()
            await self._pause(settings.drain_seconds)
        self._pause_over.set()
        if self.fleet.serving:
            await close_losing_none(self._spawner.listener)
        self._spawner.listener.close()
        await self.fleet.stop(settings.stop_seconds + _GRACE_SECONDS)

    async def _pause(self, seconds: float) -> None:
        """Serve on, for load balancers to notice that the server is not ready."""
        if not seconds:
            return
        logger.info("stopping: not ready, and serving on for %g s", seconds)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._pause_over.wait(), seconds)

    async def _work(self) -> None:
        try:
            first = await self.fleet.begin()
            if self.fleet.settings.poll_seconds:
                await self._folder.follow(Path(self.fleet.settings.models_dir))
            await self.fleet.start(first)
        except WorkerError as error:
            raise WorkerError(f"rosenblatt cannot start: {error}") from error
        settings = self.fleet.settings
        logger.info(
            "serving on %s, workers: %d, supervisor: process %d",
            url(self._spawner.listener),
            settings.workers,
            os.getpid(),
        )
        self.started.set()
        work = [self._changes.run(), self._fail()]
        if settings.poll_seconds:
            work.append(self._follow(settings.poll_seconds))
        await asyncio.gather(*work)

    async def _fail(self) -> None:
        try:
            await self.fleet.failed
        except WorkerError as error:
            raise WorkerError(f"rosenblatt ends, for no worker keeps running: {error}") from error

    async def _follow(self, seconds: float) -> None:
        async for _ in self._folder.changes(seconds):
            logger.info("the model repository %s has changed", self._folder.path)
            self._changes.reload()
