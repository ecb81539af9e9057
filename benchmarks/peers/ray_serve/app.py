"""Ray Serve: one replica that takes Starlette requests, which is faster than with FastAPI."""

from __future__ import annotations

import os
import signal
from typing import Any

import numpy as np
import onnxruntime as ort
import orjson
import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response


@serve.deployment(
    num_replicas=1, max_ongoing_requests=128, logging_config={"enable_access_log": False}
)
class Digits:
    """One copy of the model."""

    def __init__(self, model: str) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    async def __call__(self, request: Request) -> Response:
        """JSON to JSON."""
        images = np.asarray(orjson.loads(await request.body())["instances"], np.uint8)
        label, probabilities = self.session.run(["label", "probabilities"], {"images": images})
        predictions: list[dict[str, Any]] = [
            {"label": str(one), "probabilities": row}
            for one, row in zip(label, probabilities, strict=True)
        ]
        body = orjson.dumps({"predictions": predictions}, option=orjson.OPT_SERIALIZE_NUMPY)
        return Response(body, media_type="application/json")


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["PORT"])})
    serve.run(Digits.bind(os.environ["MODEL"]), route_prefix="/predict")  # type: ignore[attr-defined]
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    serve.shutdown()
    ray.shutdown()
