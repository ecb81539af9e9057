"""A canary: the candidate answers a share of the live requests, drawn at random."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import numpy as np

from contract.batch import Batch
from contract.rollout import Rollout
from service.rollout.answers import Answers, latency
from service.rollout.arm import Arm
from service.rollout.ledger import Ledger, Role, Totals
from service.rollout.measures import ERRORS, LABELS, Measure, canary_measures
from service.rollout.tally import Tally
from service.serving.served import Served

logger = logging.getLogger(__name__)


class Canary:
    """Chooses the version of each request, and counts what each version answers.

    Args:
        ledger: with a tally for the stable version and one for the candidate.
        counted: called after each request.
        draw: a random number in [0, 1) for each request; it may be called from several threads.
    """

    def __init__(
        self,
        rollout: Rollout,
        stable: Served,
        candidate: Served,
        answers: Answers,
        ledger: Ledger,
        counted: Callable[[], None],
        draw: Callable[[], float],
    ) -> None:
        self._rollout = rollout
        self._answers = answers
        self._draw = draw
        ours, theirs = ledger.tallies
        self._stable = Arm(stable, _Counting("stable", answers, ledger, ours, counted))
        self._candidate = Arm(candidate, _Counting("candidate", answers, ledger, theirs, counted))

    def choose(self) -> Served:
        """The version for a request that names none."""
        return self._candidate if self._draw() < self._rollout.candidate_share else self._stable

    def measures(self, totals: Totals) -> list[Measure]:
        """The comparisons so far."""
        return canary_measures(self._rollout, self._answers, *totals.sums)


class _Counting:
    """Counts the requests of one version; a watcher."""

    def __init__(
        self,
        role: Role,
        answers: Answers,
        ledger: Ledger,
        tally: Tally,
        counted: Callable[[], None],
    ) -> None:
        self._role: Role = role
        self._answers = answers
        self._ledger = ledger
        self._tally = tally
        self._counted = counted

    def answered(self, batch: Batch, outputs: Batch, seconds: float) -> None:
        """Count an answer, once the client has it."""
        asyncio.get_running_loop().call_soon(self._count, outputs, seconds)

    def failed(self, batch: Batch, error: BaseException, seconds: float) -> None:
        """Count a failure, unless the client has left."""
        if not isinstance(error, asyncio.CancelledError):
            self._fail(batch.rows)

    def _count(self, outputs: Batch, seconds: float) -> None:
        try:
            if self._answers.usable(outputs):
                self._observe(outputs, seconds)
            else:
                self._fail(len(outputs))
        except Exception:
            logger.exception("an answer of a rollout could not be counted")

    def _observe(self, outputs: Batch, seconds: float) -> None:
        answers, values = self._answers, [0.0, latency(seconds)]
        if answers.has_value:
            values.append(answers.level(outputs))
        elif answers.has_confidence:
            values.append(answers.confidence(outputs))
        self._ledger.answered(self._role, len(outputs))
        self._tally.add(ERRORS, np.array(values))
        if answers.labels:
            self._tally.add(LABELS, answers.label_shares(outputs))
        self._counted()

    def _fail(self, rows: int) -> None:
        self._ledger.failed(self._role, rows)
        self._tally.add(ERRORS, np.ones(1))
        self._counted()
