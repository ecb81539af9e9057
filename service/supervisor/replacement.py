"""New workers for old ones, one by one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from service.selection import Selection
from service.supervisor.fleet import Fleet
from service.supervisor.messages import Loaded, Stop
from service.supervisor.process import Worker, WorkerError

# Longest wait for an old worker to end before the next is replaced, so that memory need hold only
# one worker more.
_GONE_SECONDS = 5.0

logger = logging.getLogger(__name__)

# Called with what the old workers serve and what the new one would serve; raises AbandonedError.
Check = Callable[[Loaded, Loaded], None]


class AbandonedError(Exception):
    """Old workers serve on; the message says why.

    Args:
        replaced: how many workers have the change nevertheless.
    """

    def __init__(self, why: str, replaced: int = 0) -> None:
        super().__init__(why)
        self.replaced = replaced


async def replace_workers(fleet: Fleet, selection: Selection, check: Check) -> None:
    """Replace every worker by one that has loaded the repository anew.

    Each new worker takes connections before the old one stops. The first may be found unfit, and
    then nothing has changed.

    Raises:
        AbandonedError: the first new worker could not be started or was found unfit, or a later
            one could not be started, and the message says how many were replaced.
    """
    async with fleet.paused():
        old = sorted(fleet.serving, key=lambda worker: bool(worker.changes))
        for replaced, worker in enumerate(old):
            try:
                await _replace(fleet, worker, selection, check if replaced == 0 else None)
            except WorkerError as error:
                raise AbandonedError(_why(error, replaced, len(old)), replaced) from error
            fleet.selection = selection
        if not old:
            fleet.selection = selection  # workers are tried again with it


async def _replace(fleet: Fleet, old: Worker, selection: Selection, check: Check | None) -> None:
    new = await fleet.loaded(selection)
    if check is not None:
        try:
            check(old.loaded, new.loaded)
        except AbandonedError:
            new.tell(Stop())
            await new.end(fleet.settings.stop_seconds)
            raise
    await fleet.admit(new)
    gone = await fleet.retire(old)
    if not old.changes:  # a worker with a client that waits stays until all are replaced
        await asyncio.wait([gone], timeout=_GONE_SECONDS)
    logger.info("worker %d took the place of worker %d", new.seat, old.seat)


def _why(error: WorkerError, replaced: int, workers: int) -> str:
    if replaced == 0:
        return str(error)
    return (
        f"{replaced} of {workers} workers have the change and the others have not: {error}; "
        "load again"
    )
