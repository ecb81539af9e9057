"""What was counted of one rollout, over all workers; a killed worker's counts stay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.protocol.counters import Counters
from service.rollout.metrics import ANSWERED, DROPPED, FAILED, TrialMetrics
from service.rollout.sequence import Sums
from service.rollout.tally import Tally, sums_of

Role = Literal["stable", "candidate"]
# Indices of the counters: of each version requests, rows and failures, then what both answered.
_PLACES: dict[Role, int] = {"stable": 0, "candidate": 3}
_DROPPED, _COMPARED, _SAME, _HEAD = 6, 7, 8, 9


@dataclass(frozen=True)
class RoleCounts:
    """The requests of one version in a rollout; failed ones are among the requests."""

    requests: int
    rows: int
    failed: int


@dataclass(frozen=True)
class Totals:
    """The counts of all workers.

    Attributes:
        dropped: requests that the shadow did not answer, since it was busy.
        rows: rows that both versions answered.
        same: those of them with the same answer.
        sums: of each tally and each of its quantities.
    """

    stable: RoleCounts
    candidate: RoleCounts
    dropped: int
    rows: int
    same: int
    sums: list[list[Sums]]


class Ledger:
    """Counts one rollout in this worker, and reads the sum over all.

    Args:
        quantities: how many each tally has.
        folder: where the workers of one server count this rollout; None for one process.
        worker: name of this worker's file.
    """

    def __init__(
        self, quantities: list[int], folder: Path | None, worker: str | None, metrics: TrialMetrics
    ) -> None:
        self._ends = np.cumsum([_HEAD, *map(Tally.size, quantities)]).tolist()
        self._counters = Counters(self._ends[-1], folder, worker)
        self._own = self._counters.own
        whole = np.frombuffer(self._own, np.int64)
        self.tallies = [Tally(part) for part in self._parts(whole)]
        self._metrics = metrics

    def answered(self, role: Role, rows: int) -> None:
        """Count a request that a version answered."""
        self._count(role, rows)
        self._metrics.request(role, ANSWERED)

    def failed(self, role: Role, rows: int) -> None:
        """Count a request that a version failed to answer."""
        self._count(role, rows)
        self._own[_PLACES[role] + 2] += 1
        self._metrics.request(role, FAILED)

    def dropped(self) -> None:
        """Count a request that the shadow did not answer."""
        self._own[_DROPPED] += 1
        self._metrics.request("candidate", DROPPED)

    def compared(self, rows: int, same: int) -> None:
        """Count rows that both versions answered."""
        self._own[_COMPARED] += rows
        self._own[_SAME] += same
        self._metrics.compared(rows, same)

    def totals(self) -> Totals:
        """The counts of all workers."""
        counted = self._counters.all().sum(axis=0)
        head = [int(count) for count in counted[:_HEAD]]
        return Totals(
            RoleCounts(*head[0:3]),
            RoleCounts(*head[3:6]),
            head[_DROPPED],
            head[_COMPARED],
            head[_SAME],
            [sums_of(part) for part in self._parts(counted)],
        )

    def _count(self, role: Role, rows: int) -> None:
        self._own[_PLACES[role]] += 1
        self._own[_PLACES[role] + 1] += rows

    def _parts(self, whole: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """The counters of each tally."""
        return np.split(whole, self._ends)[1:-1]
