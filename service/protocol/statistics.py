"""`$model_stat`: what each model version has done since the process started.

Triton's statistics extension. The batcher reports its runs, `timed` the requests around them; both
see every route, not only the protocol's. Rows, runs, waits and compute are counted where they
happen, so no duration holds another.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.inference.batcher import Observer
from service.inference.dispatch import Infer
from service.inference.repository import Models
from service.inference.session import Answer, Session


@dataclass
class Duration:
    """`$duration_stat`: how often, and nanoseconds in all."""

    count: int = 0
    ns: int = 0

    def add(self, ns: int, count: int = 1) -> None:
        """Count one more, or several that took so long together."""
        self.count += count
        self.ns += ns


class ModelStatistics:
    """One model version's; an observer of its batcher that tells the next one too."""

    def __init__(self, name: str, version: str, then: Observer) -> None:
        self.name = name
        self.version = version
        self.last_inference = 0
        self.inference_count = 0
        self.success = Duration()
        self.fail = Duration()
        self.queue = Duration()
        self.compute = Duration()
        self.batches: defaultdict[int, Duration] = defaultdict(Duration)
        self._then = then

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        """One run."""
        ns = int(seconds * 1e9)
        self.inference_count += rows
        self.queue.add(int(sum(waited) * 1e9), len(waited))
        self.compute.add(ns)
        self.batches[rows].add(ns)
        self._then.batch(rows, waited, seconds)

    def refused(self, reason: str, rows: int) -> None:
        """Rows that were not run; their request fails, which `timed` counts."""
        self._then.refused(reason, rows)

    def document(self) -> dict[str, Any]:
        """`$model_stat`. What happens inside a run is not told apart, and there is no cache."""
        nothing = Duration()
        compute = {"compute_input": nothing, "compute_output": nothing}
        return {
            "name": self.name,
            "version": self.version,
            "last_inference": self.last_inference,
            "inference_count": self.inference_count,
            "execution_count": self.compute.count,
            "inference_stats": {
                "success": self.success,
                "fail": self.fail,
                "queue": self.queue,
                "compute_infer": self.compute,
                "cache_hit": nothing,
                "cache_miss": nothing,
                **compute,
            },
            "batch_stats": [
                {"batch_size": rows, "compute_infer": ran, **compute}
                for rows, ran in sorted(self.batches.items())
            ],
        }


class Statistics:
    """Those of every loaded version.

    Args:
        observe: who else observes a session's batcher.
    """

    def __init__(self, models: Models, observe: Callable[[Session], Observer]) -> None:
        self._models = models
        self._of = {
            id(session): ModelStatistics(session.name, session.version, observe(session))
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
            found.last_inference = time.time_ns() // 1_000_000
            started = time.perf_counter_ns()
            try:
                answer = await infer(session, images)
            except BaseException:
                # A client that left cancels its request: that is no success either.
                found.fail.add(time.perf_counter_ns() - started)
                raise
            found.success.add(time.perf_counter_ns() - started)
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
