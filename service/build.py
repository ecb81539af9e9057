"""Wires the product from its settings: the one place where the parts meet.

The BentoML service, the tests and the benchmarks all use `build`, so none of them wires another
product.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry

from service.drift.drift import Drift
from service.http.kernel.application import Application
from service.http.kernel.threads import Threads
from service.http.limits import limits
from service.http.profile import Profiler
from service.http.recommend import Recommender
from service.http.repository import RepositoryRoutes
from service.http.repository_control import RepositoryControl
from service.http.routes import routes
from service.inference import provider
from service.inference.policy import measure
from service.inference.session import Session
from service.metrics import Metrics
from service.protocol.counters import Counters
from service.protocol.statistics import SIZE, ModelStatistics
from service.request_log import log_requests
from service.rollout.metrics import RolloutMetrics
from service.rollout.rollouts import Rollouts
from service.serving.repository import Models, load_all
from service.serving.served import Served
from service.settings import Settings
from service.threads import started_pool
from service.verbs.compare import Compare
from service.verbs.explain import Explain
from service.verbs.infer import Infer
from service.verbs.layers import Layers
from service.verbs.predict import Predict

# Below the folder of statistics, whose other folders are named as models: none begins so.
_DRIFT_FOLDER = "_drift"
# Threads that decode large bodies and encode large answers.
_THREADS = 4


@dataclass(frozen=True)
class Product:
    """The application and, for callers inside the process, its parts."""

    application: Application
    models: Models
    predict: Predict
    compare: Compare
    explain: Explain
    layers: Layers
    recommender: Recommender


def build(
    settings: Settings,
    statistics_folder: Path | None = None,
    registry: CollectorRegistry = REGISTRY,
    control: RepositoryControl | None = None,
) -> Product:
    """Load the models and wire everything over them.

    Args:
        statistics_folder: where the workers of one server count together; None for one process.
        registry: of the Prometheus metrics.
        control: loads and unloads models; unless given, nobody can.

    Raises:
        RepositoryError: the model repository cannot be read.
        StartupError: the provider setting cannot be fulfilled.
    """
    metrics = Metrics(registry)
    control = control or RepositoryControl()
    metrics.worker_deaths(control.worker_deaths)

    def serve(session: Session) -> Served:
        folder = statistics_folder and statistics_folder / session.name / session.version
        counters = Counters(SIZE, folder, control.worker)
        statistics = ModelStatistics(
            session.name, session.version, metrics.model(session), counters
        )
        # A thread per model: its batches never wait behind the decoding of bodies.
        thread = started_pool(1, "run")
        policy = measure(session, settings)
        session.release_buffers()
        return Served(session, policy, thread, statistics, settings)

    provider.log_fallback(settings)
    models = load_all(settings, serve, selection=control.selection)
    control.attach(models)
    folder = statistics_folder and statistics_folder / _DRIFT_FOLDER
    drift = Drift(settings, metrics.drift, folder, control.worker)
    for served in models.all():
        drift.watch(served)
    metrics.before_reading(drift.refresh)
    log_requests(settings, models.all(), metrics.logged)
    metrics.refused((refusal.name, refusal.version) for refusal in models.refused())
    rollouts = Rollouts(models, RolloutMetrics(registry), statistics_folder, control.worker)
    predict, compare = Predict(rollouts.choose, settings), Compare(models, settings)
    explain, layers = Explain(models, settings), Layers(models, settings)
    recommender = Recommender(models)
    pool = started_pool(_THREADS, "decode")
    application = Application(
        routes(
            models,
            predict,
            compare,
            explain,
            layers,
            Infer(rollouts.choose),
            recommender,
            Profiler(recommender, settings),
            Threads(pool, settings.timeout_seconds),
            RepositoryRoutes(models, control, settings),
            rollouts,
            drift,
            secured=bool(settings.api_keys.get_secret_value() or settings.api_keys_file),
        ),
        limits(settings),
        metrics,
    )
    return Product(application, models, predict, compare, explain, layers, recommender)
