"""Prometheus metrics of predictions, beside BentoML's own of requests.

    rosenblatt_predictions_total{model, version, provider}      rows answered
    rosenblatt_predict_seconds{model, version, provider}        one call of a session
    rosenblatt_predict_rows{model, version, provider}           rows per call
    rosenblatt_model_ready{model, version}                      1 serves, 0 was refused

Labels come from the model repository, never from a request, so their number is bounded.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

# BentoML sets PROMETHEUS_MULTIPROC_DIR, which prometheus_client reads when imported: whoever
# imports this module must have imported BentoML first (app.py does).
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from service.inference.repository import Models
from service.inference.session import Session

# A single image takes tens of microseconds, a batch of a thousand tens of milliseconds.
SECONDS = (5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.5, 1.0, 5.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_LABELS = ("model", "version", "provider")


class Meter:
    """The metrics of one process; children are bound once, not looked up per request."""

    def __init__(self, models: Models, registry: CollectorRegistry = REGISTRY) -> None:
        rows = Counter("rosenblatt_predictions", "Rows answered.", _LABELS, registry=registry)
        seconds = Histogram(
            "rosenblatt_predict_seconds", "Seconds of one session call.", _LABELS,
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        size = Histogram(
            "rosenblatt_predict_rows", "Rows of one session call.", _LABELS,
            buckets=ROWS, registry=registry,
        )  # fmt: skip
        ready = Gauge(
            "rosenblatt_model_ready", "1 if the version serves, 0 if it was refused.",
            ("model", "version"), registry=registry, multiprocess_mode="mostrecent",
        )  # fmt: skip
        self._bound: dict[int, tuple[Counter, Histogram, Histogram]] = {}
        for versions in models.sessions.values():
            for session in versions.values():
                labels = (session.name, session.version, session.provider)
                self._bound[id(session)] = (
                    rows.labels(*labels), seconds.labels(*labels), size.labels(*labels),
                )  # fmt: skip
                ready.labels(session.name, session.version).set(1)
        for refusal in models.refused():
            ready.labels(refusal.name, refusal.version).set(0)

    @contextmanager
    def measure(self, session: Session, n: int) -> Iterator[None]:
        """Count and time one call of `session` with `n` rows, if it succeeds."""
        rows, seconds, size = self._bound[id(session)]
        started = time.perf_counter()
        yield
        seconds.observe(time.perf_counter() - started)
        rows.inc(n)
        size.observe(n)
