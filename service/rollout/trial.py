"""One rollout that is carried out: its two versions, its counts and its verdict."""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contract.rollout import Rollout
from service.rollout.answers import Answers
from service.rollout.canary import Canary
from service.rollout.ledger import Ledger, Totals
from service.rollout.measures import Measure, canary_quantities, shadow_quantities
from service.rollout.metrics import TrialMetrics
from service.rollout.setup import Setup
from service.rollout.shadow import Shadow
from service.rollout.verdict import NUMBERS, Verdict, verdict_of
from service.serving.served import Served

# The verdict of the log and of the metrics is at most this old while requests come.
_VERDICT_SECONDS = 10.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Report:
    """Everything that is known of a rollout at one moment."""

    totals: Totals
    measures: list[Measure]
    verdict: Verdict


class Trial:
    """A rollout of one model.

    Args:
        highest: the model's highest version.
        folder: where the workers of one server count; None for one process.
        worker: name of this worker's file.
        draw: a random number in [0, 1) for each request.
    """

    def __init__(
        self,
        rollout: Rollout,
        stable: Served,
        candidate: Served,
        highest: int,
        metrics: TrialMetrics,
        folder: Path | None = None,
        worker: str | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.name = stable.name
        self.rollout = rollout
        self._highest = highest
        self._metrics = metrics
        answers = Answers(stable, rollout.max_value_difference)
        place = folder and folder / stable.name / f"rollout-{_digest(rollout, stable, candidate)}"
        shadow = rollout.mode == "shadow"
        quantities = [shadow_quantities(answers)] if shadow else 2 * [canary_quantities(answers)]
        self._ledger = Ledger(quantities, place, worker, metrics)
        mode = Shadow if shadow else Canary
        self._mode: Shadow | Canary = mode(
            Setup(rollout, stable, candidate, answers, self._ledger, self._counted, draw)
        )
        self.choose = self._mode.choose
        self._judged = time.monotonic()
        self._decision = "undecided"

    def report(self) -> Report:
        """The counts, the comparisons and the verdict, over all workers."""
        totals = self._ledger.totals()
        measures = self._mode.measures(totals)
        verdict = verdict_of(self.rollout, self.name, self._highest, measures)
        self._metrics.verdict(NUMBERS[verdict.decision])
        return Report(totals, measures, verdict)

    def _counted(self) -> None:
        """Judge now and then, so that the log and the metrics say it without being asked."""
        if time.monotonic() - self._judged < _VERDICT_SECONDS:
            return
        verdict = self.report().verdict
        self._judged = time.monotonic()
        if verdict.decision != self._decision:
            self._decision = verdict.decision
            logger.info(
                "rollout of model %s version %s: %s, since %s",
                self.name, self.rollout.candidate, verdict.decision, "; ".join(verdict.reasons),
            )  # fmt: skip


def _digest(rollout: Rollout, stable: Served, candidate: Served) -> str:
    """Names the counts of a rollout: another file or another version is another rollout."""
    parts = (rollout, stable.manifest, candidate.manifest)
    text = "\n".join(part.model_dump_json() for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
