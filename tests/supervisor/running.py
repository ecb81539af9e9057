"""A supervisor in this process, over workers that do what a test plans."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from service.supervisor.listener import listen
from service.supervisor.process import Worker
from service.supervisor.supervisor import Supervisor

SERVES: dict[str, Any] = {"loaded": {"serving": [["a", "1"]]}}
SECONDS = 30


class Running:
    """The supervisor, and the plan of the workers that it will start."""

    def __init__(self, folder: Path) -> None:
        self.plan_file = folder / "plan"
        command = (sys.executable, "-m", "tests.supervisor.script", str(self.plan_file))
        self.supervisor = Supervisor(listen("127.0.0.1", 0), command)
        self.serving: asyncio.Task[None] = asyncio.create_task(self.supervisor.serve())

    @property
    def workers(self) -> list[Worker]:
        """Those that take connections."""
        return self.supervisor.fleet.serving

    @property
    def pids(self) -> list[int]:
        return [worker.pid for worker in self.workers]

    @property
    def seats(self) -> list[int]:
        return sorted(worker.seat for worker in self.workers)

    def plan(self, **plan: Any) -> None:
        """What workers do that are started from now on."""
        unfinished = self.plan_file.with_suffix(".new")
        unfinished.write_text(json.dumps(plan))
        unfinished.replace(self.plan_file)

    def kill(self, worker: Worker) -> None:
        os.kill(worker.pid, signal.SIGKILL)

    async def ask(self, action: str, model: str) -> str:
        """What the first worker is answered when it asks for a change."""
        self.plan_file.with_name("ask").write_text(json.dumps([action, model]))
        os.kill(self.workers[0].pid, signal.SIGUSR1)
        return await self.file("answer")

    async def replaced(self, before: Sequence[int]) -> None:
        """Until as many others serve as the processes that did before."""
        await until(lambda: len(self.pids) == len(before) and not set(before) & set(self.pids))

    async def started(self) -> None:
        """Until a worker serves, or the supervisor has ended."""
        waiting = asyncio.create_task(self.supervisor.started.wait())
        await asyncio.wait({self.serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def file(self, name: str) -> str:
        """What a worker has written, once it has."""
        path = self.plan_file.with_name(name)
        await until(path.exists)
        text = path.read_text()
        path.unlink()
        return text


async def until(true: Callable[[], bool]) -> None:
    """Until something that another process does is seen."""
    async with asyncio.timeout(SECONDS):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(folder: Path, **plan: Any) -> AsyncIterator[Running]:
    """A supervisor that has started; stopped after."""
    (folder / "plan").write_text(json.dumps(plan))
    found = Running(folder)
    try:
        await found.started()
        workers = plan.get("hello", {}).get("workers", 1)
        await until(lambda: len(found.workers) == workers or found.serving.done())
        yield found
    finally:
        found.supervisor.stop()
        with suppress(Exception):
            await found.serving


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine; it must not take for ever."""

    async def limited() -> None:
        await asyncio.wait_for(work(), 4 * SECONDS)

    asyncio.run(limited())
