"""Prometheus metrics of predictions, in addition to BentoML's metrics of requests.

    rosenblatt_predictions_total{model, version, provider}      rows predicted
    rosenblatt_compute_seconds{model, version, provider}        one run of a batch
    rosenblatt_queue_seconds{model, version, provider}          a request's wait for its first run
    rosenblatt_batch_rows{model, version, provider}             rows per run
    rosenblatt_refused_rows_total{model, version, provider, reason}   full, deadline, ...
    rosenblatt_http_seconds{route, method, status}              one request; route is a pattern
    rosenblatt_model_ready{model, version}                      1 serves, 0 was refused
    rosenblatt_drift_rows_total{model, version}                 rows looked at for drift
    rosenblatt_drift_score{model, version, input}               difference from training, 1 is much
    rosenblatt_drifting{model, version, input}                  1 if it is significant, else 0
    rosenblatt_worker_deaths                                    workers that ended unexpectedly
    rosenblatt_logged_requests_total{outcome}                   written to the log, or dropped

Labels come from the model repository and the routes, never from a request, so their number is
bounded; `input` takes at most a hundred columns of a table.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

# prometheus_client reads PROMETHEUS_MULTIPROC_DIR when it is imported, and BentoML sets it: BentoML
# must be imported before this module, as app.py does.
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from service.inference.session import Session

# A single image takes tens of microseconds, a batch of a thousand tens of milliseconds.
SECONDS = (5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.5, 1.0, 5.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
# Longest delay before an observation is written; shorter than any scrape interval.
_DELAY_SECONDS = 0.02
_LABELS = ("model", "version", "provider")
REASONS = ("full", "deadline", "cancelled", "failed", "not_finite")


class _Histogram(Histogram):
    """A histogram that takes several observations at a time."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """Observe every amount; each bucket and the sum are written once."""
        places = [bisect_left(self._upper_bounds, amount) for amount in amounts]
        for place in set(places):
            self._buckets[place].inc(places.count(place))
        self._sum.inc(sum(amounts))


class _Counter(Counter):
    """A counter that takes several amounts at a time."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """Add every amount."""
        self.inc(sum(amounts))


_Observed = _Histogram | _Counter


class _Observations(Collector):
    """Observations that are written together, a moment later.

    Where several processes count together, prometheus_client writes to a file once or twice for
    each observation. A request has five observations, and writing them took a tenth of its time.
    This is a collector without metrics of its own, so that reading the registry writes them first.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[_Observed, Sequence[float]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, observed: _Observed, amounts: Sequence[float]) -> None:
        """Note observations, from any thread."""
        self._waiting.append((observed, amounts))

    def write_soon(self) -> None:
        """Write within `_DELAY_SECONDS`, on the running loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # else it is scheduled already; a loop before it may have ended
            self._loop = loop
            loop.call_later(_DELAY_SECONDS, self.write)

    def write(self) -> None:
        """Write what waits."""
        self._loop = None
        together: dict[_Observed, list[float]] = {}
        while self._waiting:
            observed, amounts = self._waiting.popleft()
            together.setdefault(observed, []).extend(amounts)
        for observed, amounts in together.items():
            observed.observe_all(amounts)

    def collect(self) -> Iterable[Metric]:
        """No metrics; what waits is in the others now."""
        self.write()
        return ()

    def describe(self) -> Iterable[Metric]:
        """No metrics."""
        return ()


class ModelMetrics:
    """The metrics of one model version; a `BatchMetrics`."""

    def __init__(
        self,
        observations: _Observations,
        answered: _Counter,
        compute: _Histogram,
        queue: _Histogram,
        size: _Histogram,
        refused: Mapping[str, Counter],
    ) -> None:
        self._observe = observations.add
        self._write_soon = observations.write_soon
        self._answered = answered
        self._compute = compute
        self._queue = queue
        self._size = size
        self._refused = refused

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        """Count one run."""
        self._observe(self._answered, (rows,))
        self._observe(self._compute, (seconds,))
        self._observe(self._size, (rows,))
        self._observe(self._queue, waited)

    def refused(self, reason: str, rows: int) -> None:
        """Count rows without an answer."""
        self._refused[reason].inc(rows)

    def settled(self) -> None:
        """Write what was counted within `_DELAY_SECONDS`."""
        self._write_soon()


class DriftMetrics:
    """The metrics of drift; any worker knows the verdicts, so the most recent one counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._rows = Counter(
            "rosenblatt_drift_rows", "Rows looked at for drift.", ("model", "version"),
            registry=registry,
        )  # fmt: skip
        self._score = self._gauge(
            "rosenblatt_drift_score",
            "Difference of the last hour from training, relative to what is tolerated.",
            registry,
        )
        self._drifting = self._gauge(
            "rosenblatt_drifting",
            "1 if the last hour differs from training by more than is tolerated and by chance.",
            registry,
        )

    def _gauge(self, name: str, summary: str, registry: CollectorRegistry) -> Gauge:
        labels = ("model", "version", "input")
        return Gauge(name, summary, labels, registry=registry, multiprocess_mode="livemostrecent")

    def counted(self, model: str, version: str, rows: int) -> None:
        """Count rows that were looked at."""
        self._rows.labels(model, version).inc(rows)

    def found(self, model: str, version: str, field: str, score: float, drifting: bool) -> None:
        """Show the verdict about a column, a figure of images, or a part of the answers."""
        self._score.labels(model, version, field).set(score)
        self._drifting.labels(model, version, field).set(drifting)


class Metrics:
    """The metrics of one process; labelled children are created once, not per request."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._observations = _Observations()
        registry.register(self._observations)  # before the metrics that it writes to

        def counter(name: str, summary: str, labels: Sequence[str] = _LABELS) -> Counter:
            return Counter(name, summary, labels, registry=registry)

        def histogram(name: str, summary: str, buckets: Sequence[float]) -> _Histogram:
            return _Histogram(name, summary, _LABELS, buckets=buckets, registry=registry)

        self._rows = _Counter(
            "rosenblatt_predictions", "Rows a model has answered.", _LABELS, registry=registry
        )
        self._refused = counter(
            "rosenblatt_refused_rows",
            "Rows a model did not answer: its queue was full, they waited past the deadline, the "
            "client left, the run failed, or "
            "the answer was no finite number.",
            (*_LABELS, "reason"),
        )
        self._compute = histogram(
            "rosenblatt_compute_seconds", "Seconds to run one batch, without waiting.", SECONDS
        )
        self._queue = histogram(
            "rosenblatt_queue_seconds",
            "Seconds a request waited before its first rows ran.",
            SECONDS,
        )
        self._size = histogram("rosenblatt_batch_rows", "Rows in one batch.", ROWS)
        self._ready = Gauge(
            "rosenblatt_model_ready",
            "1 if the model version serves, 0 if it was refused when it was loaded.",
            ("model", "version"), registry=registry, multiprocess_mode="livemostrecent",
        )  # fmt: skip
        self._http = _Histogram(
            "rosenblatt_http_seconds",
            "Seconds from the headers of a request to the end of its response, by route pattern.",
            ("route", "method", "status"), buckets=SECONDS, registry=registry,
        )  # fmt: skip
        # A gauge, because the supervisor counts and has no metrics: each new worker is told the
        # number so far, and the highest is the latest.
        self._deaths = Gauge(
            "rosenblatt_worker_deaths",
            "Workers that ended unexpectedly since the server started; each was replaced.",
            registry=registry, multiprocess_mode="max",
        )  # fmt: skip
        self._requests: dict[tuple[str, str, int], _Histogram] = {}
        self.drift = DriftMetrics(registry)
        self._logged = counter(
            "rosenblatt_logged_requests", "Requests chosen for the log of requests.", ("outcome",)
        )
        self._before_reading: list[Callable[[], None]] = []

    def model(self, session: Session) -> ModelMetrics:
        """The metrics of a version that serves."""
        labels = (session.name, session.version, session.provider)
        self._ready.labels(session.name, session.version).set(1)
        return ModelMetrics(
            self._observations,
            self._rows.labels(*labels),
            self._compute.labels(*labels),
            self._queue.labels(*labels),
            self._size.labels(*labels),
            {reason: self._refused.labels(*labels, reason) for reason in REASONS},
        )

    def refused(self, versions: Iterable[tuple[str, str]]) -> None:
        """Mark versions, each a name and a number, as not serving."""
        for name, version in versions:
            self._ready.labels(name, version).set(0)

    def worker_deaths(self, count: int) -> None:
        """Publish how many workers had died when this one was started."""
        self._deaths.set(count)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is a pattern, so the labels are bounded."""
        key = (route, method, status)
        if key not in self._requests:
            self._requests[key] = self._http.labels(*map(str, key))
        self._observations.add(self._requests[key], (seconds,))
        self._observations.write_soon()

    def logged(self, outcome: str, requests: int) -> None:
        """Count requests for the log, from any thread; see `service.request_log.OUTCOMES`."""
        self._logged.labels(outcome).inc(requests)

    def before_reading(self, refresh: Callable[[], None]) -> None:
        """Call this whenever the metrics are about to be read."""
        self._before_reading.append(refresh)

    def write(self) -> None:
        """Write what was counted a moment ago, so that it can be read."""
        self._observations.write()
        for refresh in self._before_reading:
            refresh()
