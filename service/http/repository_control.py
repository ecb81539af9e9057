"""Who loads and unloads models: the supervisor, if there is one."""

from __future__ import annotations

from service.errors import NotSupportedError
from service.selection import Selection
from service.serving.repository import Models

# Why a server that still answers is not ready.
STOPPING = "the server is about to stop; send requests to another"


class RepositoryControl:
    """Of a process without a supervisor: the repository is read at start.

    Attributes:
        selection: which versions are left out, and why the last reload was given up.
        draining: the server is about to stop and should be sent no more requests.
        supported: True if models can be loaded and unloaded.
        worker: a name for this worker's files that is used again by later ones; None for the
            process id.
        worker_deaths: how many workers had ended unexpectedly when this one was started.
    """

    selection = Selection()
    draining = False
    supported = False
    worker: str | None = None
    worker_deaths = 0

    def attach(self, models: Models) -> None:
        """Take note of the models that were loaded."""

    async def change(self, action: str, model: str) -> None:
        """`load` or `unload` a model; returns when every worker serves accordingly.

        Raises:
            NotSupportedError: there is no supervisor.
            ReloadError: the workers serve on as before.
        """
        raise NotSupportedError(
            f"this server cannot {action} models, for its workers are BentoML's; start it with "
            "`rosenblatt serve` or `python -m service.serve`"
        )
