"""One worker process: what it has reported, and what it is told."""

from __future__ import annotations

import asyncio
import math
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

from service.supervisor.channel import Channel
from service.supervisor.messages import Accepting, Change, Failed, Loaded, Message

M = TypeVar("M")
_TICK_SECONDS = 0.05


class WorkerError(Exception):
    """A worker did not get as far as it should; the message says why."""


class Worker:
    """A process that was started.

    Args:
        process: of the worker.
        channel: to it.
        seat: its number, which no other living worker has.
        on_change: called with each request of a client to load or unload a model.

    Attributes:
        ended: set when the process is gone.
    """

    def __init__(
        self,
        process: Process,
        channel: Channel,
        seat: int,
        on_change: Callable[[Worker, Change], None],
    ) -> None:
        self.pid = process.pid
        self.seat = seat
        self.ended = asyncio.Event()
        self.changes: set[int] = set()
        self._process = process
        self._channel = channel
        self._on_change = on_change
        self._reports: dict[type[Message], Message] = {}
        self._reported = asyncio.Event()
        self._accepting_since = math.inf
        self._listening = asyncio.create_task(self._listen())

    @property
    def served(self) -> float:
        """Seconds since it took its first connections; negative if it has not."""
        return time.monotonic() - self._accepting_since

    @property
    def has_accepted(self) -> bool:
        """True if it takes connections, or did until it was replaced."""
        return Accepting in self._reports

    @property
    def loaded(self) -> Loaded:
        """What it serves; it must have reported that already."""
        return cast(Loaded, self._reports[Loaded])

    def tell(self, message: Message) -> None:
        """Send it a message; nothing happens if it is gone."""
        self._channel.send(message)

    async def reached(self, kind: type[M], seconds: float) -> M:
        """What it reports of one kind, once it does.

        Raises:
            WorkerError: it ended before, or did not report within the time.
        """
        try:
            async with asyncio.timeout(seconds):
                while kind not in self._reports:
                    if self.ended.is_set():
                        raise WorkerError(self.end_reason())
                    self._reported.clear()
                    await self._reported.wait()
        except TimeoutError as error:
            raise WorkerError(
                f"worker {self.seat} was not {kind.__name__.lower()} within {seconds:g} s"
            ) from error
        return cast(M, self._reports[kind])  # type: ignore[index]

    async def end_after_changes(self, seconds: float) -> None:
        """Wait until its clients' changes are answered, and then as `end` does."""
        while self.changes and not self.ended.is_set():
            await asyncio.sleep(_TICK_SECONDS)
        await self.end(seconds)

    async def end(self, seconds: float) -> None:
        """Wait until it ends; kill it if it does not within the time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)
        self.kill()
        await self.ended.wait()

    def kill(self) -> None:
        """End it at once, if it still runs."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def _listen(self) -> None:
        async for message in self._channel:
            if isinstance(message, Change):
                self.changes.add(message.id)
                self._on_change(self, message)
            else:
                if isinstance(message, Accepting):
                    self._accepting_since = time.monotonic()
                self._reports[type(message)] = message
                self._reported.set()
        await self._process.wait()
        await self._channel.close()
        self.ended.set()
        self._reported.set()

    def end_reason(self) -> str:
        """Why it ended, in one sentence."""
        failed = self._reports.get(Failed)
        if isinstance(failed, Failed):
            return failed.reason
        code = self._process.returncode or 0
        how = f"with status {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
        return f"worker {self.seat} ended {how}; the log above may say why"
