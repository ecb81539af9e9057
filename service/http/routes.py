"""The routes of the product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from contract.manifest import Manifest
from contract.messages import short
from service.errors import NotFoundError
from service.http.asgi import Handler, Reply, Request, Route, reply
from service.http.predict import INLINE_BYTES, Asked, Predictor
from service.http.profile import Profiler
from service.http.recommend import Recommender
from service.http.threads import Threads
from service.http.v2 import V2
from service.inference.dispatch import Dispatcher, Infer
from service.inference.repository import Models, Refusal
from service.inference.session import Answer, Session
from service.protocol.codec import Codec
from service.protocol.statistics import Statistics


def routes(
    models: Models,
    predictor: Predictor,
    dispatcher: Dispatcher,
    statistics: Statistics,
    codec: Codec,
    recommender: Recommender,
    profiler: Profiler,
    threads: Threads,
) -> list[Route]:
    """Every route of the product over these models."""
    infer = statistics.timed(dispatcher.infer)

    def predicts(path: str, read: Callable[[bytes], Asked], says: str) -> Route:
        handler = _predicts(read, predictor, infer, dispatcher, threads)
        return Route("POST", path, handler, says=says)

    async def recommend(request: Request) -> Reply:
        return Reply(recommender.recommend_body(request.body))

    found = [
        predicts("/predict", predictor.read_predict, "one model's predictions"),
        predicts("/compare", predictor.read_compare, "every model's, and where they agree"),
        Route("POST", "/recommend", recommend, says="which approach a problem calls for, and why"),
        profiler.route(),
        *recommender.routes(),
        Route("GET", "/models", partial(_list, models), says="what serves, and how good it is"),
        Route("GET", "/models/{name}", partial(_show, models), says="its whole manifest"),
        Route("GET", "/readyz", partial(_ready, models), says="200 when the default model serves"),
        *V2(models, codec, statistics, infer, dispatcher.worth_watching, threads).routes(),
    ]
    return [*found, _index(found)]


# BentoML's own, which stand behind the product's.
_BENTOMLS = (
    {"method": "GET", "path": "/livez", "says": "200 while the process answers"},
    {"method": "GET", "path": "/metrics", "says": "Prometheus metrics"},
    {"method": "GET", "path": "/docs.json", "says": "OpenAPI of the POST routes"},
)


def _index(found: Sequence[Route]) -> Route:
    """`GET /`, in place of BentoML's page, which loads scripts of other hosts."""
    listed = [{"method": r.method, "path": r.path, "says": r.says} for r in found]
    answer = reply({"service": "rosenblatt", "routes": [*listed, *_BENTOMLS]})

    async def index(_: Request) -> Reply:
        return answer

    return Route("GET", "/", index, says="this list")


def _predicts(
    read: Callable[[bytes], Asked],
    predictor: Predictor,
    infer: Infer,
    dispatcher: Dispatcher,
    threads: Threads,
) -> Handler:
    """Decode, infer, encode; the first and the last on a thread where they take long."""

    async def handle(request: Request) -> Reply:
        if len(request.body) <= INLINE_BYTES:
            asked = read(request.body)
            return reply(predictor.write(asked, await run(request, asked)))
        asked = await threads.run(partial(read, request.body))
        answers = await run(request, asked)
        return await threads.run(lambda: reply(predictor.write(asked, answers)))

    async def run(request: Request, asked: Asked) -> list[Answer]:
        work = predictor.run(asked, infer)
        if any(dispatcher.worth_watching(session, len(images)) for session, images in asked.runs):
            return await request.unless_gone(work)
        return await work

    return handle


async def _list(models: Models, _: Request) -> Reply:
    """Every version: its state, and what to choose by."""
    serving = [
        _summary(s, models) for _, vs in sorted(models.sessions.items()) for s in vs.values()
    ]
    refused = [_refusal(r, models) for r in models.refused()]
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
        _summary(s, models) | {"manifest": s.manifest.model_dump(mode="json")}
        for _, s in sorted(models.sessions.get(name, {}).items())
    ]
    versions += [_refusal(r, models) for _, r in sorted(models.refusals.get(name, {}).items())]
    versions.sort(key=lambda v: _order(v))
    return reply({"name": name, "versions": versions})


async def _ready(models: Models, _: Request) -> Reply:
    """200 when the default model serves; the body says which versions do not, and why."""
    ready = models.ready()
    refused = [_refusal(r, models) for r in models.refused()]
    state = ("degraded" if refused else "ready") if ready else "not ready"
    serving = [{"name": s.name, "version": s.version} for s in models.serving()]
    body = {"state": state, "serving": serving, "refused": refused}
    if not ready:
        body["error"] = f"the default model {models.default!r} does not serve"
    return reply(body, 200 if ready else 503)


def _summary(session: Session, models: Models) -> dict[str, Any]:
    manifest: Manifest = session.manifest
    return {
        "name": session.name,
        "version": session.version,
        "state": "ready",
        "default_version": models.is_default(session.name, int(session.version)),
        "title": manifest.title,
        "algorithm": manifest.algorithm,
        "family": manifest.family,
        "provider": session.provider,
        "test_accuracy": manifest.metrics.accuracy,
        "bytes": manifest.files["default"].bytes,
        "load_seconds": round(session.load_seconds, 4),
    }


def _order(listed: dict[str, Any]) -> int:
    """Versions by number; what is none, first."""
    version: str = listed["version"]
    return int(version) if version.isdecimal() else 0


def _refusal(refusal: Refusal, models: Models) -> dict[str, Any]:
    return {
        "name": refusal.name,
        "version": refusal.version,
        "state": "refused",
        "default_version": refusal not in models.strays
        and models.is_default(refusal.name, int(refusal.version)),
        "reason": refusal.reason,
    }
