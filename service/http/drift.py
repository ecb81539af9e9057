"""`GET /models/{name}/drift`: what arrives against what training saw."""

from __future__ import annotations

from service.drift.drift import Drift
from service.errors import InvalidError, MalformedError, NotFoundError, UnavailableError
from service.http.drift_schema import DriftDocument
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.operation import ok
from service.http.kernel.route import Route
from service.http.parameters import model_name, model_version
from service.serving.repository import Models


def drift_route(models: Models, drift: Drift) -> Route:
    """The route over these models."""

    async def show(request: Request) -> Reply:
        served = models.get(request.parameters["name"], request.query.get("version"))
        return reply(drift.document(served))

    return Route(
        "GET",
        "/models/{name}/drift",
        show,
        summary="what arrives against what training saw",
        parameters={"name": model_name(models)},
        query={"version": model_version(models)},
        responses=ok(DriftDocument),
        errors=(MalformedError, InvalidError, NotFoundError, UnavailableError),
    )
