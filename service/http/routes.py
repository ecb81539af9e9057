"""The routes of the product."""

from __future__ import annotations

from collections.abc import Sequence

from service.http import models as models_routes
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.route import Route
from service.http.kernel.threads import Threads
from service.http.profile import Profiler
from service.http.recommend import Recommender
from service.http.v2 import V2
from service.http.verbs import handler
from service.serving.repository import Models
from service.verbs.compare import Compare
from service.verbs.infer import Infer
from service.verbs.predict import Predict


def routes(
    models: Models,
    predict: Predict,
    compare: Compare,
    infer: Infer,
    recommender: Recommender,
    profiler: Profiler,
    threads: Threads,
) -> list[Route]:
    """Every route of the product over these models."""
    found = [
        Route("POST", "/predict", handler(predict, threads), summary="one model's predictions"),
        Route(
            "POST", "/compare", handler(compare, threads),
            summary="every model's, and where they agree",
        ),
        *recommender.routes(),
        profiler.route(),
        *models_routes.routes(models),
        *V2(models, infer, threads).routes(),
    ]  # fmt: skip
    return [*found, _index(found)]


# BentoML's own, which stand behind the product's.
_BENTOMLS = (
    {"method": "GET", "path": "/livez", "summary": "200 while the process answers"},
    {"method": "GET", "path": "/metrics", "summary": "Prometheus metrics"},
    {"method": "GET", "path": "/docs.json", "summary": "OpenAPI of the POST routes"},
)


def _index(found: Sequence[Route]) -> Route:
    """`GET /`, in place of BentoML's page, which loads scripts of other hosts."""
    listed = [{"method": r.method, "path": r.path, "summary": r.summary} for r in found]
    answer = reply({"service": "rosenblatt", "routes": [*listed, *_BENTOMLS]})

    async def index(_: Request) -> Reply:
        return answer

    return Route("GET", "/", index, summary="this list")
