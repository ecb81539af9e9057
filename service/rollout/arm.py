"""One version as the requests of a rollout reach it."""

from __future__ import annotations

import time

from contract.batch import Batch
from service.serving.served import Served, Watcher


class Arm(Served):
    """A version that tells a watcher of the requests that come through this object alone.

    Requests that name the version, and other routes, go to the version itself: the client chose
    it, so they must not count. All its parts are those of the version.
    """

    def __init__(self, served: Served, watcher: Watcher) -> None:
        vars(self).update(vars(served))  # not Served's own, which would make other parts
        self._watcher = watcher

    async def infer(self, batch: Batch, where: str = "instances") -> Batch:
        """The outputs for a batch; see `Served.infer`."""
        started = time.perf_counter()
        try:
            outputs = await super().infer(batch, where)
        except BaseException as error:
            self._watcher.failed(batch, error, time.perf_counter() - started)
            raise
        self._watcher.answered(batch, outputs, time.perf_counter() - started)
        return outputs
