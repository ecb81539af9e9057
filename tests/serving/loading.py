"""Loaded models as `service.build` makes them, without its measurements and its metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from service.inference.policy import BatchingPolicy
from service.inference.session import load
from service.protocol.counters import Counters
from service.protocol.statistics import SIZE, ModelStatistics
from service.serving.repository import Loader, Models, load_all
from service.serving.served import Model, Served
from service.settings import Settings

# Of a model that answers a row in 0.1 ms.
POLICY = BatchingPolicy(
    max_batch_rows=64, inline_rows=8, max_waiting_rows=2048, max_wait_seconds=5, row_seconds=1e-4
)


class Told:
    """Batch metrics that are remembered."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        self.calls.append((rows, waited, seconds))

    def refused(self, reason: str, rows: int) -> None:
        self.calls.append((reason, rows))

    def settled(self) -> None:
        self.calls.append(("settled",))


def statistics_of(
    model: Model, then: Told | None = None, folder: Path | None = None, worker: str | None = None
) -> ModelStatistics:
    """The statistics of one version, counted in memory unless there is a folder."""
    name, version = model.manifest.name, model.manifest.version
    place = folder and folder / name / version
    return ModelStatistics(name, version, then or Told(), Counters(SIZE, place, worker))


def serve(
    model: Model,
    settings: Settings,
    statistics: ModelStatistics | None = None,
    policy: BatchingPolicy = POLICY,
) -> Served:
    """One version over a session, or over a stand-in for one."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="run")
    return Served(model, policy, thread, statistics or statistics_of(model), settings)


def load_models(
    settings: Settings,
    loader: Loader = load,
    statistics: Callable[[Model], ModelStatistics] = statistics_of,
) -> Models:
    """Every version of the settings' repository."""
    return load_all(settings, lambda s: serve(s, settings, statistics(s)), loader)
