"""Observations are written a moment later, and none is lost."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from service.metrics import SECONDS, Metrics
from service.settings import Settings
from tests.repositories import tiny_model
from tests.service.client import Client

LABELS = {"route": "/predict", "method": "POST", "status": "200"}


def sample(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(f"rosenblatt_http_seconds_{name}", LABELS | labels) or 0.0


def test_reading_the_registry_writes_first() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)

    async def ask() -> None:
        for seconds in (0.0, 5e-5, 6e-5, 1.0, 99.0):
            metrics.request("/predict", "POST", 200, seconds)
        assert sample(registry, "count") == 5

    asyncio.run(ask())
    assert abs(sample(registry, "sum") - 100.00011) < 1e-9
    below = {str(bound): sample(registry, "bucket", le=str(bound)) for bound in SECONDS}
    assert below["5e-05"] == 2  # a bound belongs to its bucket
    assert (below["0.0001"], below["0.5"], below["1.0"], below["5.0"]) == (3, 3, 4, 4)
    assert sample(registry, "bucket", le="+Inf") == 5


def test_each_loop_writes_though_the_one_before_ended() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)

    async def ask(wait: float) -> None:
        metrics.request("/predict", "POST", 200, 0.1)
        await asyncio.sleep(wait)

    asyncio.run(ask(0))
    asyncio.run(ask(0.1))
    unread = metrics._http.labels("/predict", "POST", "200")
    assert unread._sum.get() == 0.2


def test_other_threads_observations_are_not_lost(tmp_path: Path) -> None:
    """Batches run on threads; what they count is written while they go on."""
    tiny_model(tmp_path, "alpha")
    client = Client(Settings(models_dir=tmp_path, default_model="alpha"))
    served = client.models.get("alpha")

    def run() -> None:
        for _ in range(2000):
            served.statistics.batch(2, [0.1, 0.1], 0.01)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        generate_latest(client.registry)
    labels = {"model": "alpha", "version": "1", "provider": served.provider}
    counts = {
        name: client.registry.get_sample_value(f"rosenblatt_{name}", labels)
        for name in ("queue_seconds_count", "batch_rows_count", "batch_rows_sum")
    }
    assert counts == {
        "queue_seconds_count": 12_000,
        "batch_rows_count": 6_000,
        "batch_rows_sum": 12_000,
    }


def test_a_run_without_a_request_is_written_too(tmp_path: Path) -> None:
    """As those of a shadow's candidate, or of a client that has left."""
    tiny_model(tmp_path, "alpha")
    client = Client(Settings(models_dir=tmp_path, default_model="alpha"))
    served = client.models.get("alpha")
    labels = ("alpha", "1", served.provider)
    unread = client.registry._names_to_collectors["rosenblatt_predictions"].labels(*labels)  # type: ignore[attr-defined]

    async def run() -> float:
        await served.infer(served.session.samples.slice(0, 3))
        assert unread._value.get() == 0
        await asyncio.sleep(0.1)
        return float(unread._value.get())

    assert asyncio.run(run()) == 3
