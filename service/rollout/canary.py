"""A canary: the candidate answers a share of the live requests, drawn at random."""

from __future__ import annotations

import asyncio
import logging

import numpy as np

from contract.batch import Batch
from service.rollout.answers import latency, request_means
from service.rollout.arm import Arm
from service.rollout.ledger import Role, Totals
from service.rollout.measures import ERRORS, LABELS, Measure, canary_measures
from service.rollout.setup import Setup
from service.rollout.tally import Tally
from service.serving.served import Served

# Longest delay before an answer is counted.
_DELAY_SECONDS = 0.005

logger = logging.getLogger(__name__)


class Canary:
    """Chooses the version of each request, and counts what each version answers."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        ours, theirs = setup.ledger.tallies
        self._stable = Arm(setup.stable, _Counting("stable", setup, ours))
        self._candidate = Arm(setup.candidate, _Counting("candidate", setup, theirs))

    def choose(self) -> Served:
        """The version for a request that names none."""
        return self._candidate if self._setup.draws_candidate() else self._stable

    def measures(self, totals: Totals) -> list[Measure]:
        """The comparisons so far."""
        return canary_measures(self._setup.rollout, self._setup.answers, *totals.sums)


class _Counting:
    """Counts the requests of one version; a watcher."""

    def __init__(self, role: Role, setup: Setup, tally: Tally) -> None:
        self._role: Role = role
        self._answers = setup.answers
        self._ledger = setup.ledger
        self._counted = setup.counted
        self._tally = tally
        self._waiting: list[tuple[Batch, float]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def answered(self, batch: Batch, outputs: Batch, seconds: float) -> None:
        """Count an answer a moment later, together with others: counting one alone costs more."""
        self._waiting.append((outputs, seconds))
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # else it is scheduled already; a loop before it may have ended
            self._loop = loop
            loop.call_later(_DELAY_SECONDS, self._count)

    def failed(self, batch: Batch, error: BaseException, seconds: float) -> None:
        """Count a failure, unless the client has left."""
        if not isinstance(error, asyncio.CancelledError):
            self._fail(batch.rows)
            self._counted()

    def _count(self) -> None:
        """Count what waits; whatever goes wrong must not stop the count of what comes."""
        self._loop = None
        waiting, self._waiting = self._waiting, []
        try:
            usable = [one for one in waiting if self._is_usable(one[0])]
            if usable:
                self._observe(
                    [outputs for outputs, _ in usable], [seconds for _, seconds in usable]
                )
            self._counted()
        except Exception:
            logger.exception("answers of a rollout could not be counted")

    def _is_usable(self, outputs: Batch) -> bool:
        usable = self._answers.usable(outputs)
        if usable:
            self._ledger.answered(self._role, len(outputs))
        else:
            self._fail(len(outputs))
        return usable

    def _observe(self, outputs: list[Batch], seconds: list[float]) -> None:
        answers = self._answers
        columns = [np.zeros(len(outputs)), np.array([latency(one) for one in seconds])]
        sizes = np.array([len(one) for one in outputs])
        if answers.has_value:
            columns.append(request_means(answers.level(answers.join(outputs)), sizes))
        elif answers.has_confidence:
            columns.append(request_means(answers.confidence(answers.join(outputs)), sizes))
        self._tally.add(ERRORS, np.column_stack(columns))
        if answers.labels:
            self._tally.add(LABELS, answers.label_shares(answers.join(outputs), sizes))

    def _fail(self, rows: int) -> None:
        self._ledger.failed(self._role, rows)
        self._tally.add(ERRORS, np.ones((1, 1)))
