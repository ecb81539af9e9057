"""Starts worker processes with the sockets that they inherit."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from service.selection import Selection
from service.supervisor.channel import Channel
from service.supervisor.messages import Change, Start
from service.supervisor.process import Worker, WorkerError

COMMAND = (sys.executable, "-m", "service.worker")


class Spawner:
    """Everything that the workers of one server share.

    Attributes:
        listener: the listening socket. The supervisor keeps it open and accepts nothing, so
            connections wait in its backlog while no worker takes them.
        on_change: called with each request of a client to load or unload a model.
        living: every worker whose process has not ended.
        deaths: how many workers ended while they were to serve.

    Workers also share a socket pair, the handover: a worker that is replaced writes its idle
    connections into it, and those that serve read them from it. Their counts are files in a
    private folder.
    """

    def __init__(self, listener: socket.socket, command: Sequence[str] = COMMAND) -> None:
        self.listener = listener
        self.on_change: Callable[[Worker, Change], None] = lambda worker, change: None
        self.living: set[Worker] = set()
        self.deaths = 0
        self._command = command
        self._handover = socket.socketpair()
        self._watching: set[asyncio.Task[None]] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="rosenblatt-")

    def __enter__(self) -> Spawner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        """Close the sockets and remove the folder."""
        with ExitStack() as closing:
            closing.callback(self._folder.cleanup)
            for end in (self.listener, *self._handover):
                closing.callback(end.close)

    async def spawn(self, selection: Selection) -> Worker:
        """A worker that has just been started.

        Raises:
            WorkerError: the system has no process, memory or file left for it.
        """
        try:
            process, channel = await self._start()
        except OSError as error:
            raise WorkerError(
                f"no process could be started for a worker ({error.strerror or error}); raise the "
                "limits of processes, memory and open files"
            ) from error
        seat = self._free_seat()
        worker = Worker(process, channel, seat, self.on_change)
        self.living.add(worker)
        worker.tell(Start(seat, selection, self.deaths))
        watching = asyncio.create_task(self._forget(worker))
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)
        return worker

    async def _start(self) -> tuple[asyncio.subprocess.Process, Channel]:
        """A process, and the channel to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            channel = await Channel.over(ours)
            try:
                return await self._execute(theirs), channel
            except BaseException:
                await channel.close()
                raise

    async def _execute(self, end: socket.socket) -> asyncio.subprocess.Process:
        sockets = (self.listener, end, *self._handover)
        return await asyncio.create_subprocess_exec(
            *self._command,
            *(str(each.fileno()) for each in sockets),
            pass_fds=[each.fileno() for each in sockets],
            stdin=asyncio.subprocess.DEVNULL,
            env=self._environment(),
            # Ctrl+C in a terminal is for the supervisor, which stops the workers itself.
            start_new_session=True,
        )

    def kill(self) -> None:
        """End every worker at once."""
        for worker in self.living:
            worker.kill()

    def _free_seat(self) -> int:
        """The lowest number that no living worker has.

        Counts are kept in files by seat, so there are only as many as workers ran at a time.
        """
        taken = {worker.seat for worker in self.living}
        return next(seat for seat in range(1, len(taken) + 2) if seat not in taken)

    def _environment(self) -> dict[str, str]:
        """BentoML writes nothing here, but would look for its home in the user's."""
        own = {"PROMETHEUS_MULTIPROC_DIR": self._folder.name}
        return {"BENTOML_HOME": f"{self._folder.name}/bentoml", **os.environ, **own}

    async def _forget(self, worker: Worker) -> None:
        await worker.ended.wait()
        # What it served is not served any more; what it counted stays.
        for gauges in Path(self._folder.name).glob(f"gauge_live*_{worker.seat}.db"):
            with suppress(OSError):
                gauges.unlink()
        self.living.discard(worker)
