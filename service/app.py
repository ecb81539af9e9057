"""The BentoML service: wires settings, models and routes.

`make serve` starts it, through `service.supervisor`; `bentoml serve service.app:Rosenblatt` does
too, but cannot load and unload models.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from pathlib import Path
from typing import Any

import bentoml
from _bentoml_sdk import Service  # type: ignore[import-untyped]
from bentoml._internal.utils.analytics.usage_stats import do_not_track

from contract.errors import ContractError
from contract.repository import entries
from guide.facts import (
    Budget,
    Domain,
    Explainability,
    FeatureEngineering,
    Hardware,
    Modality,
    Task,
)
from guide.rules import ruleset
from guide.short import ShortDecision, shorten
from guide.tables import library
from service import signatures, tracing
from service.access_log import AccessLog
from service.access_log import logger as access_logger
from service.bentoml_supervisor import close_ports
from service.build import build
from service.errors import StartupError
from service.http.explain_schema import ExplainResponse, LayersResponse, MapForm
from service.http.guard import access, pattern, rules
from service.http.kernel.application import Application
from service.http.kernel.asgi import ASGIApp
from service.http.kernel.guard import Guard, Rules
from service.http.kernel.route_first import RouteFirst
from service.http.repository_control import RepositoryControl
from service.http.schema import CompareResponse, Instances, PredictResponse
from service.inference import provider
from service.logs import log_json, write_apart
from service.metric_files import require_space, reserve
from service.request_log import check_folder
from service.settings import Settings, settings
from service.translate_errors import translate_errors


def _metrics_folder() -> Path | None:
    """Where prometheus_client counts for all workers of this server; None in a process alone."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder and Path(folder).is_dir() else None


def _preflight() -> tuple[Settings, Rules]:
    """The settings and who may ask, if the service can start with them.

    BentoML's supervisor imports this module before it starts a worker, which it would otherwise
    restart for ever; one line and an exit status tell more.
    """
    try:
        found = settings()
        rules_ = rules(found)
        entries(found.models_dir, lambda stray: None)  # a stray is refused when models load
        provider.require(found)
        tracing.require(found)
        signatures.verifier(found)
        check_folder(found)
        if folder := _metrics_folder():
            require_space(folder, provider.workers(found))
        with translate_errors():
            ruleset()
            library()
    except (ContractError, StartupError) as error:
        sys.exit(f"rosenblatt cannot start: {error}")
    return found, rules_


# BentoML's command line asked before this package was imported, and keeps the answer.
do_not_track.cache_clear()
_settings, access_rules = _preflight()
if _settings.log_format == "json":
    log_json()
_application: Application | None = None
# A supervised worker puts its own here before BentoML makes the service.
control = RepositoryControl()


def product() -> Application:
    """The routes of this process; BentoML builds its middleware before the service."""
    if _application is None:
        raise RuntimeError("the service is asked before it is initialised")
    return _application


def _statistics_folder() -> Path | None:
    """Where the workers of this server count together; None in a process of its own.

    BentoML gives its workers a folder for their metrics and empties it when the server starts;
    prometheus_client reads only the files that it names itself.
    """
    folder = _metrics_folder()
    return folder / "statistics" if folder else None


# Tracing is BentoML's middleware, so the routes must stand behind it.
_BEHIND = tracing.is_on(_settings)


class GuardedService(Service[Any]):
    """BentoML's service behind the guard, with the product's routes ahead of its middlewares."""

    def to_asgi(self, is_main: bool = True) -> Guard:
        """The application that BentoML's worker gives to uvicorn."""
        app: ASGIApp = super().to_asgi(is_main)
        return Guard(
            app if _BEHIND else RouteFirst(app, product),
            access_rules,
            access(product),
            _access_log(),
        )


def _access_log() -> AccessLog | None:
    if not _settings.access_log:
        return None
    write_apart(access_logger)
    log = AccessLog(lambda path: pattern(product(), path))
    atexit.register(log.flush)
    return log


@bentoml.service(
    name="rosenblatt",
    service_class=GuardedService,
    workers=provider.workers(_settings),
    # Of BentoML's own routes. It leaves one timer per request for so long: it must not be long.
    traffic={"timeout": _settings.timeout_seconds},
    logging={"access": {"enabled": False}},  # the service has its own
    tracing=tracing.configuration(_settings),
)
class Rosenblatt:
    """Predictions of classical and deep models side by side.

    The methods below are the product's verbs as BentoML's client and in-process callers
    know them; over HTTP the same functions answer through `service.http`.
    """

    def __init__(self) -> None:
        global _application
        if folder := _metrics_folder():
            reserve(folder, control.worker)
        self._product = build(_settings, _statistics_folder(), control=control)
        _application = self._product.application
        atexit.register(_application.write_metrics)  # what the last requests counted
        # What is loaded stays: a full collection over it would stall requests for 100 ms.
        gc.collect()
        gc.freeze()

    @bentoml.on_deployment
    @staticmethod
    def close_ports() -> None:
        """Called in the process of `bentoml serve` before it starts its supervisor."""
        close_ports()

    @bentoml.api
    def predict(
        self, instances: Instances, model: str | None = None, version: str | None = None
    ) -> PredictResponse:
        """One model's predictions for `instances`."""
        predict = self._product.predict
        request = predict.request(instances, model, version)
        return PredictResponse.model_validate(predict.answer(request))

    @bentoml.api
    def compare(self, instances: Instances) -> CompareResponse:
        """Every serving model's predictions for the same `instances`."""
        compare = self._product.compare
        return CompareResponse.model_validate(compare.answer(compare.request(instances)))

    @bentoml.api
    def explain(
        self,
        instances: Instances,
        model: str | None = None,
        version: str | None = None,
        method: str | None = None,
        target: str | None = None,
    ) -> ExplainResponse:
        """Why one model answered so for `instances`."""
        explain = self._product.explain
        request = explain.request(instances, model, version, method, target)
        return ExplainResponse.model_validate(explain.answer(request))

    @bentoml.api
    def layers(
        self,
        instances: Instances,
        model: str | None = None,
        version: str | None = None,
        form: MapForm | None = None,
    ) -> LayersResponse:
        """What the layers of a network see in one image."""
        layers = self._product.layers
        return LayersResponse.model_validate(
            layers.answer(layers.request(instances, model, version, form))
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
        n_features: int | None = None,
        n_classes: int | None = None,
        rarest_class_share: float | None = None,
        latency_ms: float | None = None,
        n_series: int | None = None,
        hardware: Hardware | None = None,
    ) -> ShortDecision:
        """Classical ML or deep learning for a problem of which this is known, and why."""
        decision = self._product.recommender.recommend(
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
                "n_features": n_features,
                "n_classes": n_classes,
                "rarest_class_share": rarest_class_share,
                "latency_ms": latency_ms,
                "n_series": n_series,
                "hardware": hardware,
            }
        )
        return shorten(decision)


if _BEHIND:
    Rosenblatt.add_asgi_middleware(RouteFirst, product=product)  # type: ignore[attr-defined]
