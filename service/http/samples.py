"""`GET /models/{name}/samples`: a model's golden inputs as instances that `/predict` takes."""

from __future__ import annotations

from service.errors import NotFoundError, UnavailableError
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.operation import ok
from service.http.kernel.route import Route
from service.http.models_schema import Samples
from service.http.parameters import model_name
from service.instances.rows import instances
from service.serving.repository import Models


def route(models: Models) -> Route:
    """The route over these models."""

    async def show(request: Request) -> Reply:
        served = models.get(request.parameters["name"])
        inputs = served.manifest.inputs
        found = instances(inputs, served.session.samples.arrays)
        return reply({"model": served.name, "version": served.version, "instances": found})

    return Route(
        "GET",
        "/models/{name}/samples",
        show,
        summary="its golden inputs, as instances",
        parameters={"name": model_name(models)},
        responses=ok(Samples),
        errors=(NotFoundError, UnavailableError),
    )
