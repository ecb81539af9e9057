"""Prometheus metrics of rollouts.

    rosenblatt_rollout_requests_total{model, version, role, outcome}  answered, failed, dropped
    rosenblatt_rollout_rows_total{model, stable, candidate, answer}  same, other: in the shadow
    rosenblatt_rollout_verdict{model, stable, candidate}       1 promote, 0 undecided, -1 keep

Labels come from the model repository, so their number is bounded.
"""

from __future__ import annotations

# See service.metrics for what must be imported before this.
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from contract.rollout import Rollout

ANSWERED, FAILED, DROPPED = "answered", "failed", "dropped"


class TrialMetrics:
    """The metrics of one rollout."""

    def __init__(
        self, requests: Counter, rows: Counter, verdict: Gauge, model: str, rollout: Rollout
    ):
        versions = {"stable": rollout.stable, "candidate": rollout.candidate}
        self._requests = {
            (role, outcome): requests.labels(model, version, role, outcome)
            for role, version in versions.items()
            for outcome in (ANSWERED, FAILED, DROPPED)
            if role == "candidate" or outcome != DROPPED
        }
        pair = (model, rollout.stable, rollout.candidate)
        self._same = rows.labels(*pair, "same")
        self._other = rows.labels(*pair, "other")
        self._verdict = verdict.labels(*pair)

    def request(self, role: str, outcome: str) -> None:
        """Count one request of a version."""
        self._requests[role, outcome].inc()

    def compared(self, rows: int, same: int) -> None:
        """Count rows that both versions answered, `same` of them with the same answer."""
        self._same.inc(same)
        self._other.inc(rows - same)

    def verdict(self, number: int) -> None:
        """Show the verdict: 1 promote, 0 undecided, -1 keep."""
        self._verdict.set(number)


class RolloutMetrics:
    """The metrics of all rollouts of a process."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        pair = ("model", "stable", "candidate")
        self._requests = Counter(
            "rosenblatt_rollout_requests", "Requests of a rollout by what became of them.",
            ("model", "version", "role", "outcome"), registry=registry,
        )  # fmt: skip
        self._rows = Counter(
            "rosenblatt_rollout_rows", "Rows that both versions of a rollout answered.",
            (*pair, "answer"), registry=registry,
        )  # fmt: skip
        self._verdict = Gauge(
            "rosenblatt_rollout_verdict", "1 promote, 0 undecided, -1 keep the stable version.",
            pair, registry=registry, multiprocess_mode="livemostrecent",
        )  # fmt: skip

    def trial(self, model: str, rollout: Rollout) -> TrialMetrics:
        """The metrics of one rollout."""
        return TrialMetrics(self._requests, self._rows, self._verdict, model, rollout)
