"""Two floors for any server, without validation: bare Starlette, and a bare ASGI callable.

`/predict` takes the same JSON as the other servers. `/raw` takes pixels, 784 bytes per image, and
returns labels, 8 bytes each, then probabilities, 40 bytes per image.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import onnxruntime as ort
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = ort.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])


def predict(body: bytes) -> bytes:
    """Predict from JSON to JSON."""
    images = np.asarray(orjson.loads(body)["instances"], np.uint8)
    label, probabilities = session.run(["label", "probabilities"], {"images": images})
    predictions = [
        {"label": str(one), "probabilities": row}
        for one, row in zip(label, probabilities, strict=True)
    ]
    return orjson.dumps({"predictions": predictions}, option=orjson.OPT_SERIALIZE_NUMPY)


def raw(body: bytes) -> bytes:
    """Predict from pixels to bytes."""
    images = np.frombuffer(body, np.uint8).reshape(-1, 28, 28)
    label, probabilities = session.run(["label", "probabilities"], {"images": images})
    return bytes(label.tobytes() + probabilities.tobytes())


async def starlette_predict(request: Request) -> Response:
    """The JSON route."""
    return Response(predict(await request.body()), media_type="application/json")


async def starlette_raw(request: Request) -> Response:
    """The raw route."""
    return Response(raw(await request.body()), media_type="application/octet-stream")


bare_starlette = Starlette(
    routes=[
        Route("/predict", starlette_predict, methods=["POST"]),
        Route("/raw", starlette_raw, methods=["POST"]),
    ]
)

ROUTES = {"/predict": (predict, b"application/json"), "/raw": (raw, b"application/octet-stream")}


async def bare_asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Both routes without a framework."""
    if scope["type"] != "http":
        return
    answer, content_type = ROUTES[scope["path"]]
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    answered = answer(body)
    headers = [(b"content-type", content_type), (b"content-length", str(len(answered)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answered})
