"""The routes of the product."""

from __future__ import annotations

from typing import Any

from service.errors import (
    BusyError,
    DeadlineError,
    InvalidError,
    MalformedError,
    NotFoundError,
    UnavailableError,
)
from service.http import models as models_routes
from service.http import samples
from service.http.examples import predict_example, with_example
from service.http.explain_schema import (
    EXPLAIN_QUERY,
    LAYERS_QUERY,
    ExplainPictureForm,
    ExplainRequest,
    ExplainResponse,
    LayersPictureForm,
    LayersRequest,
    LayersResponse,
)
from service.http.index import index_routes
from service.http.kernel.messages import JSON
from service.http.kernel.operation import ok
from service.http.kernel.route import Route
from service.http.kernel.threads import Threads
from service.http.profile import Profiler
from service.http.recommend import Recommender
from service.http.repository import RepositoryRoutes
from service.http.schema import (
    COMPARE_QUERY,
    PREDICT_QUERY,
    ComparePictureForm,
    CompareRequest,
    CompareResponse,
    PredictPictureForm,
    PredictRequest,
    PredictResponse,
)
from service.http.v2 import V2
from service.http.verbs import FORM, PICTURES, picture_handler
from service.http.web import Web
from service.serving.repository import Models
from service.verbs.compare import Compare
from service.verbs.explain import Explain
from service.verbs.infer import Infer
from service.verbs.layers import Layers
from service.verbs.predict import Predict

# Of the verbs that run models.
_ERRORS = (MalformedError, InvalidError, BusyError, UnavailableError, DeadlineError)


def routes(
    models: Models,
    predict: Predict,
    compare: Compare,
    explain: Explain,
    layers: Layers,
    infer: Infer,
    recommender: Recommender,
    profiler: Profiler,
    threads: Threads,
    repository: RepositoryRoutes,
    *,
    secured: bool = False,
) -> list[Route]:
    """Every route of the product over these models; `secured` if they need API keys."""
    example = predict_example(models)
    found = [
        Route(
            "POST",
            "/predict",
            picture_handler(predict, predict.decode_picture, PREDICT_QUERY, threads),
            summary="one model's predictions",
            body=_bodies(PredictRequest, PredictPictureForm, example),
            query=PREDICT_QUERY,
            responses=ok(PredictResponse),
            errors=(*_ERRORS, NotFoundError),
        ),
        Route(
            "POST",
            "/compare",
            picture_handler(compare, compare.decode_picture, COMPARE_QUERY, threads),
            summary="every model's predictions, and where they agree",
            body=_bodies(CompareRequest, ComparePictureForm, example),
            query=COMPARE_QUERY,
            responses=ok(CompareResponse),
            errors=_ERRORS,
        ),
        Route(
            "POST",
            "/explain",
            picture_handler(
                explain, explain.decode_picture, EXPLAIN_QUERY, threads, large_answers=True
            ),
            summary="why one model answered so",
            body=_bodies(ExplainRequest, ExplainPictureForm, example),
            query=EXPLAIN_QUERY,
            responses=ok(ExplainResponse),
            errors=(*_ERRORS, NotFoundError),
        ),
        Route(
            "POST",
            "/layers",
            picture_handler(
                layers, layers.decode_picture, LAYERS_QUERY, threads, large_answers=True
            ),
            summary="what the layers of a network see",
            body=_bodies(LayersRequest, LayersPictureForm, example),
            query=LAYERS_QUERY,
            responses=ok(LayersResponse),
            errors=(*_ERRORS, NotFoundError),
        ),
        *recommender.routes(),
        profiler.route(),
        *models_routes.routes(models, repository.control),
        samples.route(models),
        *V2(models, infer, threads, repository).routes(),
    ]
    return [*found, *index_routes(found, Web(), secured=secured)]


def _bodies(request: Any, form: Any, example: Any) -> dict[str, Any]:
    """What a verb that reads pictures takes: JSON, a form, or a picture as it is."""
    return {
        JSON: with_example(request, example),
        FORM: form,
        **dict.fromkeys(PICTURES, bytes),
    }
