"""The workers that serve: started, restarted when they die, stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from service.selection import Selection
from service.supervisor.messages import (
    Accept,
    Accepting,
    Drain,
    Drained,
    Draining,
    Hello,
    Loaded,
    Stop,
)
from service.supervisor.process import Worker, WorkerError
from service.supervisor.spawner import Spawner

# Longest time for a worker to import the service and read its settings.
_HELLO_SECONDS = 120.0
# Workers that die this soon after they took connections are restarted after ever longer pauses.
_EARLY_SECONDS = 10.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
# Failed starts and early deaths in a row after which a server without a worker gives up.
_ATTEMPTS = 5
_ANSWER_SECONDS = 10.0

logger = logging.getLogger(__name__)


class Fleet:
    """As many workers as the settings say.

    Attributes:
        settings: what the first worker reported of them.
        serving: the workers that take connections.
        selection: what workers that are restarted leave out.
        failed: done with an exception when no worker can be started.
    """

    def __init__(self, spawner: Spawner, first_pause: float = _FIRST_PAUSE) -> None:
        self.settings = Hello(1, "", _HELLO_SECONDS, _HELLO_SECONDS, 0)
        self.serving: list[Worker] = []
        self.selection = Selection()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failed.add_done_callback(lambda failed: failed.cancelled() or failed.exception())
        self._spawner = spawner
        self._first_pause = first_pause
        self._tasks: set[asyncio.Task[None]] = set()
        self._filling: set[asyncio.Task[None]] = set()
        self._halted = False
        self._stopped = False
        self._early_deaths = 0
        self._failed_starts = 0

    async def begin(self) -> Worker:
        """The first worker, which has read the settings and begins to load.

        Raises:
            WorkerError: it did not get so far.
        """
        worker = await self._spawner.spawn(self.selection)
        self.settings = await worker.reached(Hello, _HELLO_SECONDS)
        return worker

    async def start(self, first: Worker) -> None:
        """Make the first worker serve, and start the others beside it.

        Raises:
            WorkerError: the first cannot serve; it is gone.
        """
        for _ in range(self.settings.workers - 1):
            self._fill()
        await self._load(first)
        await self.admit(first)

    async def loaded(self, selection: Selection) -> Worker:
        """A new worker whose models have answered their golden samples.

        Raises:
            WorkerError: it did not get so far; it is gone.
        """
        worker = await self._spawner.spawn(selection)
        await self._load(worker)
        return worker

    async def admit(self, worker: Worker) -> None:
        """Let a loaded worker take connections.

        Raises:
            WorkerError: it did not; it is gone.
        """
        worker.tell(Accept())
        with _killed_on_error(worker):
            await worker.reached(Accepting, _ANSWER_SECONDS)
        self.serving.append(worker)
        self._run(self._restart_after(worker))

    async def retire(self, worker: Worker) -> asyncio.Task[None]:
        """Have a worker that serves take no more connections; the task is done when it is gone."""
        if worker in self.serving:
            self.serving.remove(worker)
        if worker.served >= _EARLY_SECONDS:
            self._early_deaths = 0
        worker.tell(Drain())
        try:
            await worker.reached(Drained, _ANSWER_SECONDS)
        except WorkerError as error:
            logger.warning("%s", error)
        return self._run(worker.end_after_changes(self.settings.stop_seconds))

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Restart no worker inside the block; start those that are missing after it."""
        self._halted = True
        if self._filling:
            await asyncio.wait(self._filling)
        try:
            yield
        finally:
            self._halted = self._stopped
            self._fill_up()

    async def halt(self) -> None:
        """Start no more workers, since the server stops."""
        self._halted = self._stopped = True
        tasks = self._tasks | self._filling
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def draining(self) -> None:
        """Tell every worker that the server is about to stop."""
        for worker in self._spawner.living:
            worker.tell(Draining())

    async def stop(self, seconds: float) -> None:
        """End every worker: at once if it never served, else within the time.

        A worker that was replaced may still answer what it had accepted.
        """
        self.serving = []
        for worker in list(self._spawner.living):
            if worker.has_accepted:
                worker.tell(Stop())
            else:
                worker.kill()
        await asyncio.gather(*(worker.end(seconds) for worker in list(self._spawner.living)))

    async def _load(self, worker: Worker) -> None:
        with _killed_on_error(worker):
            self.settings = await worker.reached(Hello, _HELLO_SECONDS)
            await worker.reached(Loaded, self.settings.start_seconds)

    async def _restart_after(self, worker: Worker) -> None:
        """Start another worker if this one dies while it serves."""
        await worker.ended.wait()
        if worker not in self.serving:
            return
        self.serving.remove(worker)
        self._spawner.deaths += 1
        self._early_deaths = self._early_deaths + 1 if worker.served < _EARLY_SECONDS else 0
        if not self._given_up(self._died_early(worker)):
            logger.error(
                "worker %d (process %d) died; another is started: %s",
                worker.seat, worker.pid, worker.end_reason(),
            )  # fmt: skip
            self._fill_up()

    def _fill_up(self) -> None:
        if self._halted:
            return
        for _ in range(self.settings.workers - len(self.serving) - len(self._filling)):
            self._fill()

    def _fill(self) -> None:
        task = asyncio.create_task(self._bring_up())
        self._filling.add(task)
        task.add_done_callback(self._filling.discard)

    async def _bring_up(self) -> None:
        """Make one more worker serve, trying again after longer and longer pauses."""
        while True:
            await asyncio.sleep(self._pause())
            if self._halted:
                return
            try:
                await self.admit(await self.loaded(self.selection))
            except WorkerError as error:
                self._note_failed_start(error)
            else:
                self._failed_starts = 0
                return

    def _note_failed_start(self, error: WorkerError) -> None:
        self._failed_starts += 1
        if not self._given_up(error):
            logger.error("a worker could not be started: %s; it is tried again", error)

    def _died_early(self, worker: Worker) -> WorkerError:
        return WorkerError(
            f"they die again and again, {self._early_deaths} in a row within {_EARLY_SECONDS:g} s "
            f"of taking connections; {worker.end_reason()}"
        )

    def _given_up(self, error: WorkerError) -> bool:
        """True if no worker serves and too many attempts have failed; the server then ends."""
        if self.serving or self._early_deaths + self._failed_starts < _ATTEMPTS:
            return False
        self._halted = True
        if not self.failed.done():
            self.failed.set_exception(error)
        return True

    def _pause(self) -> float:
        """Seconds to wait before the next start, none where nothing has gone wrong."""
        troubles = self._early_deaths + self._failed_starts
        return min(self._first_pause * 2 ** (troubles - 1), _LONGEST_PAUSE) if troubles else 0.0

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


@contextmanager
def _killed_on_error(worker: Worker) -> Iterator[None]:
    try:
        yield
    except WorkerError:
        worker.kill()
        raise
