"""What clients, signals and the folder ask for, carried out by one replacement at a time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace

from service.selection import Rejection, Selection
from service.supervisor.fleet import Fleet
from service.supervisor.folder import Folder
from service.supervisor.messages import Change, Changed, Loaded, News
from service.supervisor.process import Worker
from service.supervisor.replacement import AbandonedError, replace_workers
from service.supervisor.verdict import newly_refused, objection

LOAD, UNLOAD = "load", "unload"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Request:
    """A client's change, and the worker that the client is connected to."""

    worker: Worker
    change: Change


class Changes:
    """Requests that wait, and those that one replacement carries out together.

    Args:
        fleet: the workers to replace.
        folder: the model repository.
    """

    def __init__(self, fleet: Fleet, folder: Folder) -> None:
        self._fleet = fleet
        self._folder = folder
        self._waiting: list[_Request] = []
        self._reload = False
        self._asked = asyncio.Event()

    def ask(self, worker: Worker, change: Change) -> None:
        """Load or unload a model for a client of a worker, which is told when it is done."""
        self._waiting.append(_Request(worker, change))
        self._asked.set()

    def reload(self) -> None:
        """Load the whole repository anew."""
        self._reload = True
        self._asked.set()

    async def run(self) -> None:
        """Carry out what is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            requests, self._waiting = self._waiting, []
            reload, self._reload = self._reload, False
            error = await self._carry_out([request.change for request in requests], reload)
            for request in requests:
                request.worker.changes.discard(request.change.id)
                request.worker.tell(Changed(request.change.id, error))

    async def _carry_out(self, changes: list[Change], reload: bool) -> str:
        """Replace the workers; empty, or why they were not replaced."""
        asked = ["reload"] if reload else []
        what = ", ".join([*asked, *(f"{change.action} {change.model}" for change in changes)])
        batch = _Batch(changes, reload, self._fleet.selection)
        logger.info("%s: workers are replaced one by one", what)
        await self._folder.note()
        try:
            await batch.carry_out(self._fleet)
        except AbandonedError as error:
            end = (
                "stopped half way"
                if error.replaced
                else "was given up, and the versions before serve on"
            )
            logger.error("%s %s: %s", what, end, error)
            self._keep(batch.rejected, str(error))
            return str(error)
        logger.info("%s: done", what)
        return ""

    def _keep(self, rejected: tuple[Rejection, ...], failure: str) -> None:
        """Tell the workers that serve on; those that are restarted leave out what was rejected."""
        fleet = self._fleet
        fleet.selection = replace(fleet.selection, rejected=rejected, failure=failure)
        for worker in fleet.serving:
            worker.tell(News(fleet.selection))


class _Batch:
    """Changes that one replacement carries out.

    Args:
        changes: in the order in which they came.
        reload: the whole repository is to be loaded anew, whatever the changes are.
        before: the selection that the workers have.

    Attributes:
        rejected: versions that the repository newly has and that are unfit.
    """

    def __init__(self, changes: list[Change], reload: bool, before: Selection) -> None:
        self._loads = [change.model for change in changes if change.action == LOAD]
        self._unloads = [change.model for change in changes if change.action == UNLOAD]
        selection = replace(before, failure="")
        for change in changes:
            if change.action == LOAD:
                selection = selection.with_model(change.model)
            else:
                selection = selection.without_model(change.model)
        self._only_unloads = not reload and not self._loads
        # Loading tries again what was rejected before; unloading does not.
        self.rejected = before.rejected if self._only_unloads else ()
        self._selection = selection

    async def carry_out(self, fleet: Fleet) -> None:
        """Replace the workers.

        Raises:
            AbandonedError: saying why they serve on.
        """
        tried = None
        while tried != self.rejected:
            tried = self.rejected
            try:
                selection = replace(self._selection, rejected=tried)
                await replace_workers(fleet, selection, self._check)
                return
            except AbandonedError:
                if not self._only_unloads or tried == self.rejected:
                    raise
                # A new version that is refused must not prevent another model from being unloaded.

    def _check(self, before: Loaded, after: Loaded) -> None:
        """Raise AbandonedError if what serves now must serve on; note what is unfit."""
        serving = set(before.serving)
        unfit = [
            one for one in newly_refused(before, after) if (one.name, one.version) not in serving
        ]
        self.rejected = (*self.rejected, *unfit)
        if problem := objection(before, after, self._loads, unloads=bool(self._unloads)):
            raise AbandonedError(problem)
