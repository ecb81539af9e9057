"""Every loaded session with its batcher: the one way in which routes run a model."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.inference.batcher import Batcher, Observer
from service.inference.plan import Plan, measure
from service.inference.repository import Models
from service.inference.session import Answer, Session
from service.settings import Settings

# Watching a connection costs a task; work that is done sooner is not worth it.
WATCHED_SECONDS = 0.005

Planner = Callable[[Session, Settings], Plan]
# What routes are given to answer images, uint8 [n, height, width].
Infer = Callable[[Session, NDArray[np.uint8]], Coroutine[Any, Any, Answer]]


class Dispatcher:
    """Batchers by session. Used from one event loop.

    Args:
        threads: makes the executor of one session, of one thread.
        observe: the observer of one session.
        planner: how a session is batched; measured unless given.
    """

    def __init__(
        self,
        models: Models,
        settings: Settings,
        threads: Callable[[], Executor],
        observe: Callable[[Session], Observer],
        planner: Planner = measure,
    ) -> None:
        self._batchers = {
            id(session): Batcher(session, planner(session, settings), threads(), observe(session))
            for versions in models.sessions.values()
            for session in versions.values()
        }

    def infer(self, session: Session, images: NDArray[np.uint8]) -> Coroutine[Any, Any, Answer]:
        """Answer images, uint8 [n, height, width], together with whatever else waits.

        Raises:
            BusyError: too many rows wait for this model.
            DeadlineError: they waited too long; nothing was run.
        """
        return self._batchers[id(session)].infer(images)

    def worth_watching(self, session: Session, rows: int) -> bool:
        """Whether so many more rows would take so long that their client may leave before."""
        return self._batchers[id(session)].seconds(rows) > WATCHED_SECONDS
