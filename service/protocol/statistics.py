"""`$model_stat`: what a model version has done since the server started, in all workers.

Triton's statistics extension. The batcher reports its runs and `Served.infer` the requests around
them; both see every route, not only the protocol's. Rows, runs, waits and compute are counted where
they happen, so no duration contains another.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from service.inference.batcher import BatchMetrics
from service.protocol.counters import Counters
from service.protocol.schema import DurationStat, ModelStat

# Rows of the largest run that `batch_stats` lists; a larger one is counted everywhere else.
LARGEST = 1024
# Places of the counters. The last five begin durations: how often, then the nanoseconds.
_LAST, _ROWS, _SUCCESS, _FAIL, _QUEUE, _COMPUTE, _BATCHES = 0, 1, 2, 4, 6, 8, 10
SIZE = _BATCHES + 2 * LARGEST
_NOTHING: DurationStat = {"count": 0, "ns": 0}


class ModelStatistics:
    """The counts of one model version; its batcher's metrics, which it passes on to `then`.

    Args:
        counters: of this version, `SIZE` of them.
    """

    def __init__(self, name: str, version: str, then: BatchMetrics, counters: Counters) -> None:
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

    def document(self) -> ModelStat:
        """`$model_stat`. A run's parts are not told apart, and there is no cache."""
        workers = self._counters.all()
        counted = workers.sum(axis=0)

        def duration(place: int) -> DurationStat:
            count, ns = counted[place : place + 2].tolist()
            return {"count": count, "ns": ns}

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
                "compute_input": _NOTHING,
                "compute_infer": duration(_COMPUTE),
                "compute_output": _NOTHING,
                "cache_hit": _NOTHING,
                "cache_miss": _NOTHING,
            },
            "batch_stats": [
                {
                    "batch_size": n + 1,
                    "compute_input": _NOTHING,
                    "compute_infer": duration(_BATCHES + 2 * n),
                    "compute_output": _NOTHING,
                }
                for n in np.flatnonzero(counted[_BATCHES::2]).tolist()
            ],
        }

    def _add(self, place: int, ns: int, count: int = 1) -> None:
        """Count one more, or several that took so long together."""
        self._own[place] += count
        self._own[place + 1] += ns
