"""The BentoML service: wires settings, models and routes. The only file that imports bentoml.

`bentoml serve service.app:Rosenblatt` starts it; `make serve` does.
"""

from __future__ import annotations

import gc
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bentoml

from contract.errors import ContractError
from contract.repository import entries
from guide.decision import Decision
from guide.facts import (
    Budget,
    Domain,
    Explainability,
    FeatureEngineering,
    Modality,
    Task,
)
from guide.rules import ruleset
from guide.tables import library
from service.errors import StartupError
from service.http.asgi import Application, Limits
from service.http.front import Front
from service.http.predict import Predictor
from service.http.profile import Profiler
from service.http.recommend import Recommender
from service.http.routes import routes
from service.http.schema import CompareResponse, Instances, PredictResponse
from service.http.threads import Threads
from service.inference import provider
from service.inference.dispatch import Dispatcher
from service.inference.repository import load_all
from service.metrics import Meter
from service.protocol.codec import Codec
from service.protocol.statistics import Statistics
from service.settings import Settings, settings
from service.translate_errors import translate_errors


def _preflight() -> Settings:
    """The settings, if the service can start with them.

    BentoML's supervisor imports this module before it starts a worker, which it would otherwise
    restart for ever; one line and an exit status tell more.
    """
    try:
        found = settings()
        entries(found.models_dir)
        provider.require(found)
        with translate_errors():
            ruleset()
            library()
    except (ContractError, StartupError) as error:
        sys.exit(f"rosenblatt cannot start: {error}")
    return found


def _meeting_place() -> Path | None:
    """Where the workers of this server count for each other; None in a process of its own.

    BentoML gives its workers a folder for their metrics and empties it when the server starts;
    prometheus_client reads only the files that it names itself.
    """
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) / "statistics" if folder else None


_settings = _preflight()
_product: Application | None = None


def product() -> Application:
    """The routes of this process; BentoML builds its middleware before the service."""
    if _product is None:
        raise RuntimeError("the service is asked before it is initialised")
    return _product


@bentoml.service(
    name="rosenblatt",
    workers=provider.workers(_settings),
    # Of BentoML's own routes. It leaves one timer per request for so long: it must not be long.
    traffic={"timeout": _settings.timeout_seconds},
    logging={"access": {"enabled": _settings.access_log}},
    # Tracing costs half the throughput and exports nowhere unless configured.
    tracing={} if _settings.tracing else {"excluded_urls": ".*"},
)
class Rosenblatt:
    """Predictions of classical and deep models side by side.

    The methods below are the product's verbs as BentoML's client, OpenAPI page and in-process
    callers know them; over HTTP the same functions answer through `service.http`.
    """

    def __init__(self) -> None:
        global _product
        models = load_all(_settings)
        self._predictor = Predictor(models, _settings)
        threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="read")
        self._recommender = Recommender(models)
        meter = Meter(models)
        statistics = Statistics(models, meter.of, _meeting_place())
        _product = Application(
            routes(
                models,
                self._predictor,
                Dispatcher(models, _settings, _thread, statistics.of),
                statistics,
                Codec(models, _settings.max_rows),
                self._recommender,
                Profiler(self._recommender, _settings),
                Threads(threads, _settings.timeout_seconds),
            ),
            Limits.of(_settings),
            meter,
        )
        # What is loaded stays: a full collection over it would stall requests for 100 ms.
        gc.collect()
        gc.freeze()

    @bentoml.api
    def predict(
        self, instances: Instances, model: str | None = None, version: str | None = None
    ) -> PredictResponse:
        """One model's predictions for `instances`."""
        return PredictResponse.model_validate(
            self._predictor.answer(self._predictor.ask(instances, model, version))
        )

    @bentoml.api
    def compare(self, instances: Instances) -> CompareResponse:
        """Every serving model's predictions for the same `instances`."""
        return CompareResponse.model_validate(
            self._predictor.answer(self._predictor.ask_all(instances))
        )

    @bentoml.api
    def recommend(
        self,
        modalities: list[Modality] | None = None,
        task: Task | None = None,
        n_rows: int | None = None,
        n_labelled: int | None = None,
        explainability: Explainability | None = None,
        domain: Domain | None = None,
        budget: Budget | None = None,
        clean: bool | None = None,
        trees_exhausted: bool | None = None,
        feature_engineering: FeatureEngineering | None = None,
    ) -> Decision:
        """Classical ML or deep learning for a problem of which this is known, and why."""
        return self._recommender.recommend(
            {
                "modalities": modalities,
                "task": task,
                "n_rows": n_rows,
                "n_labelled": n_labelled,
                "explainability": explainability,
                "domain": domain,
                "budget": budget,
                "clean": clean,
                "trees_exhausted": trees_exhausted,
                "feature_engineering": feature_engineering,
            }
        )


def _thread() -> ThreadPoolExecutor:
    """For the batches of one model: they never wait behind the reading of bodies."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="run")


class _Fronted(type(Rosenblatt)):  # type: ignore[misc]
    """BentoML's service, its application behind the product's routes."""

    __slots__ = ()

    def to_asgi(self, is_main: bool = True) -> Front:
        """What BentoML's worker gives to uvicorn."""
        return Front(super().to_asgi(is_main), product)


if _settings.access_log or _settings.tracing:
    Rosenblatt.add_asgi_middleware(Front, product=product)  # type: ignore[attr-defined]
else:
    Rosenblatt.__class__ = _Fronted  # type: ignore[method-assign]
