"""`GET /models`, `/models/{name}` and `/readyz`: what serves, and what was refused."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from contract.manifest import Manifest
from contract.messages import short
from contract.records import ClassificationMetrics, RegressionMetrics
from service.errors import NotFoundError
from service.explain.catalogue import names_of
from service.http.kernel.compress import compressed
from service.http.kernel.messages import JSON, Reply, Request, reply
from service.http.kernel.operation import Response, ok
from service.http.kernel.route import Route
from service.http.models_schema import ModelDetail, ModelList, Readiness
from service.http.parameters import model_name
from service.http.repository_control import STOPPING, RepositoryControl
from service.paths import without_folder
from service.serving.repository import Models, Refusal
from service.serving.served import Served


def routes(models: Models, control: RepositoryControl, folder: Path) -> list[Route]:
    """The routes over these models, which were loaded from the repository in `folder`."""
    return [
        Route(
            "GET",
            "/models",
            partial(_list, models),
            summary="what serves, and how good it is",
            responses=ok(ModelList),
        ),
        Route(
            "GET",
            "/models/{name}",
            partial(_show, models),
            summary="its whole manifest",
            parameters={"name": model_name(models)},
            responses=ok(ModelDetail),
            errors=(NotFoundError,),
        ),
        Route(
            "GET",
            "/readyz",
            partial(_ready, models, control, folder),
            summary="200 when the default model serves and the server is not about to stop",
            public=True,
            monitoring=True,
            responses={
                200: Response("The default model serves.", {JSON: Readiness}),
                503: Response("It does not, or the server is about to stop.", {JSON: Readiness}),
            },
        ),
    ]


async def _list(models: Models, _: Request) -> Reply:
    """Every version: its state, and what to choose by."""
    serving = [_summary(served, models) for served in models.all()]
    refused = [_refusal(refusal, models) for refusal in models.refused()]
    listed = sorted(serving + refused, key=lambda m: (m["name"], _order(m)))
    return reply({"default": models.default, "models": listed})


async def _show(models: Models, request: Request) -> Reply:
    """All versions of one model, with their whole manifests."""
    name = request.parameters["name"]
    if name not in models.names:
        raise NotFoundError(
            f"model {short(name)} is unknown; choose from {', '.join(models.names) or 'none'}"
        )
    versions = [
        _summary(served, models) | {"manifest": served.manifest.model_dump(mode="json")}
        for served in models.served.get(name, {}).values()
    ]
    versions += [_refusal(refusal, models) for refusal in models.refusals.get(name, {}).values()]
    return compressed(reply({"name": name, "versions": sorted(versions, key=_order)}), request)


async def _ready(models: Models, control: RepositoryControl, folder: Path, _: Request) -> Reply:
    """200 when the default model serves; the body says which versions do not, and why.

    503 also while the server is about to stop, though it still answers.
    """
    ready, selection = models.ready(), control.selection
    refused = [_refusal(refusal, models) for refusal in models.refused()]
    refused += [
        {**asdict(rejection), "state": "refused", "default_version": False}
        for rejection in selection.rejected
    ]
    faults = [{"name": fault.name, "reason": fault.reason} for fault in models.faults()]
    state = ("degraded" if refused or faults else "ready") if ready else "not ready"
    serving = [{"name": s.name, "version": s.version} for s in models.serving()]
    body = {"state": state, "serving": serving, "refused": refused, "rollouts": faults}
    if control.draining:
        body |= {"state": "draining", "error": STOPPING}
    elif not ready:
        body["error"] = f"the default model {models.default!r} does not serve"
    if selection.failure:
        body["reload"] = without_folder(selection.failure, folder)
    return reply(body, 200 if ready and not control.draining else 503)


def _summary(served: Served, models: Models) -> dict[str, Any]:
    manifest = served.manifest
    return {
        "name": served.name,
        "version": served.version,
        "state": "ready",
        "default_version": models.is_default(served.name, int(served.version)),
        "title": manifest.title,
        "task": manifest.task,
        "modality": manifest.modality,
        "algorithm": manifest.algorithm,
        "family": manifest.family,
        "provider": served.provider,
        **_quality(manifest),
        "bytes": manifest.files["default"].bytes,
        "load_seconds": round(served.session.load_seconds, 4),
        "explanations": list(names_of(manifest)),
    }


def _quality(manifest: Manifest) -> dict[str, float]:
    """The one figure to choose by; nothing where nothing was measured.

    Of an imported model it is measured on samples that it may have been trained on.
    """
    measured = "test" if manifest.imported is None else "sample"
    if isinstance(manifest.metrics, RegressionMetrics):
        return {f"{measured}_rmse": manifest.metrics.rmse}
    if isinstance(manifest.metrics, ClassificationMetrics):
        return {f"{measured}_accuracy": manifest.metrics.accuracy}
    return {}


def _refusal(refusal: Refusal, models: Models) -> dict[str, Any]:
    return {
        "name": refusal.name,
        "version": refusal.version,
        "state": "refused",
        "default_version": refusal not in models.strays
        and models.is_default(refusal.name, int(refusal.version)),
        "reason": refusal.reason,
    }


def _order(listed: dict[str, Any]) -> int:
    """Versions by number; strays, which have none, first."""
    version: str = listed["version"]
    return int(version) if version.isdecimal() else 0
