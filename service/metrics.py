"""Prometheus metrics of predictions, beside BentoML's own of requests.

    rosenblatt_predictions_total{model, version, provider}      rows answered
    rosenblatt_compute_seconds{model, version, provider}        one run of a batch
    rosenblatt_queue_seconds{model, version, provider}          one request's wait for its run
    rosenblatt_batch_rows{model, version, provider}             rows per run
    rosenblatt_refused_rows_total{model, version, provider, reason}   full, deadline, ...
    rosenblatt_http_seconds{route, method, status}              one request, by pattern of route
    rosenblatt_model_ready{model, version}                      1 serves, 0 was refused

Labels come from the model repository, never from a request, so their number is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# BentoML sets PROMETHEUS_MULTIPROC_DIR, which prometheus_client reads when imported: whoever
# imports this module must have imported BentoML first (app.py does).
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from service.inference.repository import Models
from service.inference.session import Session

# A single image takes tens of microseconds, a batch of a thousand tens of milliseconds.
SECONDS = (5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.5, 1.0, 5.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_LABELS = ("model", "version", "provider")


REASONS = ("full", "deadline", "cancelled", "failed")


class SessionMeter:
    """The metrics of one session; what `batcher.Observer` asks for."""

    def __init__(
        self,
        answered: Counter,
        compute: Histogram,
        queue: Histogram,
        size: Histogram,
        refused: Mapping[str, Counter],
    ) -> None:
        self._answered = answered
        self._compute = compute
        self._queue = queue
        self._size = size
        self._refused = refused

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        """One run."""
        self._answered.inc(rows)
        self._compute.observe(seconds)
        self._size.observe(rows)
        for wait in waited:
            self._queue.observe(wait)

    def refused(self, reason: str, rows: int) -> None:
        """Rows that were not run."""
        self._refused[reason].inc(rows)


class Meter:
    """The metrics of one process; children are bound once, not looked up per request."""

    def __init__(self, models: Models, registry: CollectorRegistry = REGISTRY) -> None:
        def counter(name: str, says: str, labels: Sequence[str] = _LABELS) -> Counter:
            return Counter(name, says, labels, registry=registry)

        def histogram(name: str, says: str, buckets: Sequence[float]) -> Histogram:
            return Histogram(name, says, _LABELS, buckets=buckets, registry=registry)

        rows = counter("rosenblatt_predictions", "Rows answered.")
        refused = counter("rosenblatt_refused_rows", "Rows not run.", (*_LABELS, "reason"))
        compute = histogram("rosenblatt_compute_seconds", "Seconds of one run.", SECONDS)
        queue = histogram("rosenblatt_queue_seconds", "Seconds a request waited.", SECONDS)
        size = histogram("rosenblatt_batch_rows", "Rows of one run.", ROWS)
        ready = Gauge(
            "rosenblatt_model_ready", "1 if the version serves, 0 if it was refused.",
            ("model", "version"), registry=registry, multiprocess_mode="mostrecent",
        )  # fmt: skip
        self._http = Histogram(
            "rosenblatt_http_seconds", "Seconds of one request.", ("route", "method", "status"),
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._requests: dict[tuple[str, str, int], Histogram] = {}
        self._bound: dict[int, SessionMeter] = {}
        for versions in models.sessions.values():
            for session in versions.values():
                labels = (session.name, session.version, session.provider)
                self._bound[id(session)] = SessionMeter(
                    rows.labels(*labels), compute.labels(*labels), queue.labels(*labels),
                    size.labels(*labels), {r: refused.labels(*labels, r) for r in REASONS},
                )  # fmt: skip
                ready.labels(session.name, session.version).set(1)
        for refusal in models.refused():
            ready.labels(refusal.name, refusal.version).set(0)

    def of(self, session: Session) -> SessionMeter:
        """The metrics of one session."""
        return self._bound[id(session)]

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answered request; `route` is a pattern, so the labels are bounded."""
        key = (route, method, status)
        if key not in self._requests:
            self._requests[key] = self._http.labels(*map(str, key))
        self._requests[key].observe(seconds)
