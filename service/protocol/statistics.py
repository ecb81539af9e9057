"""`$model_stat`: the work of a model version since the server started, over all workers.

Source: Triton's statistics extension. The batcher reports its runs, and `Served.infer` reports the
requests. Both count all routes, not only those of the protocol. The durations of queue and compute
do not overlap.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from service.inference.batcher import BatchMetrics
from service.protocol.counters import Counters
from service.protocol.schema import DurationStat, ModelStat

# Largest batch size in `batch_stats`; the other counts include larger batches.
LARGEST = 1024
# Indices of the counters. Each from _SUCCESS on is a pair: a count, then nanoseconds.
_LAST, _ROWS, _SUCCESS, _FAIL, _QUEUE, _COMPUTE, _BATCHES = 0, 1, 2, 4, 6, 8, 10
SIZE = _BATCHES + 2 * LARGEST
_NOTHING: DurationStat = {"count": 0, "ns": 0}


class ModelStatistics:
    """Counts the work of one model version; a `BatchMetrics` that forwards each call to `then`.

    Args:
        counters: `SIZE` counters of this version.
    """

    def __init__(self, name: str, version: str, then: BatchMetrics, counters: Counters) -> None:
        self.name = name
        self.version = version
        self._counters = counters
        self._own = counters.own
        self._then = then

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        """Count one run."""
        ns = int(seconds * 1e9)
        self._own[_ROWS] += rows
        self._add(_QUEUE, int(sum(waited) * 1e9), len(waited))
        self._add(_COMPUTE, ns)
        if rows <= LARGEST:
            self._add(_BATCHES + 2 * (rows - 1), ns)
        self._then.batch(rows, waited, seconds)

    def refused(self, reason: str, rows: int) -> None:
        """Forward only: `failed` counts the request of these rows."""
        self._then.refused(reason, rows)

    def settled(self) -> None:
        """Forward only: what is counted here is in memory that all workers share."""
        self._then.settled()

    def started(self) -> None:
        """Note the time of a request."""
        self._own[_LAST] = time.time_ns() // 1_000_000

    def succeeded(self, ns: int) -> None:
        """Count a request with an answer; `ns` is its duration in nanoseconds."""
        self._add(_SUCCESS, ns)

    def failed(self, ns: int) -> None:
        """Count a request that failed or was cancelled; `ns` is its duration in nanoseconds."""
        self._add(_FAIL, ns)

    def document(self) -> ModelStat:
        """`$model_stat`. Compute is reported as a whole, as `compute_infer`; there is no cache."""
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
        """Add `count` events that took `ns` nanoseconds together."""
        self._own[place] += count
        self._own[place + 1] += ns
