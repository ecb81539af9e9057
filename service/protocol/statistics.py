"""`$model_stat`: what each model version has done since the server started, in all workers.

Triton's statistics extension. The batcher reports its runs, `timed` the requests around them; both
see every route, not only the protocol's. Rows, runs, waits and compute are counted where they
happen, so no duration holds another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.inference.batcher import Observer
from service.inference.dispatch import Infer
from service.inference.repository import Models
from service.inference.session import Answer, Session
from service.protocol.counters import Counters

# Rows of the largest run that `batch_stats` lists; a larger one is counted everywhere else.
LARGEST = 1024
# Places of the counters. The last five begin durations: how often, then the nanoseconds.
_LAST, _ROWS, _SUCCESS, _FAIL, _QUEUE, _COMPUTE, _BATCHES = 0, 1, 2, 4, 6, 8, 10
SIZE = _BATCHES + 2 * LARGEST


@dataclass(frozen=True)
class Duration:
    """`$duration_stat`: how often, and nanoseconds in all."""

    count: int = 0
    ns: int = 0


class ModelStatistics:
    """One model version's; an observer of its batcher that tells the next one too.

    Args:
        counters: those of this version, `SIZE` of them.
    """

    def __init__(self, name: str, version: str, then: Observer, counters: Counters) -> None:
        self.name = name
        self.version = version
        self._counters = counters
        self._own = counters.own
        self._then = then

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        """One run."""
        ns = int(seconds * 1e9)
        self._own[_ROWS] += rows
        self._add(_QUEUE, int(sum(waited) * 1e9), len(waited))
        self._add(_COMPUTE, ns)
        if rows <= LARGEST:
            self._add(_BATCHES + 2 * (rows - 1), ns)
        self._then.batch(rows, waited, seconds)

    def refused(self, reason: str, rows: int) -> None:
        """Rows that were not run; their request fails, which `failed` counts."""
        self._then.refused(reason, rows)

    def started(self) -> None:
        """A request came to this model."""
        self._own[_LAST] = time.time_ns() // 1_000_000

    def succeeded(self, ns: int) -> None:
        """A request was answered."""
        self._add(_SUCCESS, ns)

    def failed(self, ns: int) -> None:
        """A request was not."""
        self._add(_FAIL, ns)

    def document(self) -> dict[str, Any]:
        """`$model_stat`. What happens inside a run is not told apart, and there is no cache."""
        workers = self._counters.all()
        counted = workers.sum(axis=0)

        def duration(place: int) -> Duration:
            return Duration(*counted[place : place + 2].tolist())

        nothing = Duration()
        compute = {"compute_input": nothing, "compute_output": nothing}
        return {
            "name": self.name,
            "version": self.version,
            "last_inference": int(workers[:, _LAST].max()),
            "inference_count": int(counted[_ROWS]),
            "execution_count": int(counted[_COMPUTE]),
            "inference_stats": {
                "success": duration(_SUCCESS),
                "fail": duration(_FAIL),
                "queue": duration(_QUEUE),
                "compute_infer": duration(_COMPUTE),
                "cache_hit": nothing,
                "cache_miss": nothing,
                **compute,
            },
            "batch_stats": [
                {"batch_size": n + 1, "compute_infer": duration(_BATCHES + 2 * n), **compute}
                for n in np.flatnonzero(counted[_BATCHES::2]).tolist()
            ],
        }

    def _add(self, place: int, ns: int, count: int = 1) -> None:
        """Count one more, or several that took so long together."""
        self._own[place] += count
        self._own[place + 1] += ns


class Statistics:
    """Those of every loaded version.

    Args:
        observe: who else observes a session's batcher.
        folder: where the workers of this server count; None where there is one process.
        worker: name of this one's files; its process id unless given.
    """

    def __init__(
        self,
        models: Models,
        observe: Callable[[Session], Observer],
        folder: Path | None = None,
        worker: str | None = None,
    ) -> None:
        self._models = models

        def counted(session: Session) -> ModelStatistics:
            name, version = session.name, session.version
            counters = Counters(SIZE, folder and folder / name / version, worker)
            return ModelStatistics(name, version, observe(session), counters)

        self._of = {
            id(session): counted(session)
            for versions in models.sessions.values()
            for session in versions.values()
        }

    def of(self, session: Session) -> ModelStatistics:
        """Those of one session."""
        return self._of[id(session)]

    def timed(self, infer: Infer) -> Infer:
        """The same inference, its requests counted and timed."""

        async def timed(session: Session, images: NDArray[np.uint8]) -> Answer:
            found = self._of[id(session)]
            found.started()
            started = time.perf_counter_ns()
            try:
                answer = await infer(session, images)
            except BaseException:
                # A client that left cancels its request: that is no success either.
                found.failed(time.perf_counter_ns() - started)
                raise
            found.succeeded(time.perf_counter_ns() - started)
            return answer

        return timed

    def document(self, name: str | None = None, version: str | None = None) -> dict[str, Any]:
        """`$stats_model_response` of one version, one model's versions, or all that serve.

        Raises:
            ServiceError: there is no such model or version, or it was refused.
        """
        if name is None:
            chosen = list(self._of.values())
        elif version is None:
            self._models.known(name)
            versions = self._models.sessions.get(name, {})
            chosen = [self.of(session) for _, session in sorted(versions.items())]
        else:
            chosen = [self.of(self._models.get(name, version))]
        return {"model_stats": [statistics.document() for statistics in chosen]}
