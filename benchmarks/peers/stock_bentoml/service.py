"""BentoML as in its documentation: a synchronous API with arrays and default settings."""

from __future__ import annotations

import os

import bentoml
import numpy as np
import onnxruntime as ort


@bentoml.service
class Stock:
    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(
            os.environ["MODEL"], options, providers=["CPUExecutionProvider"]
        )

    @bentoml.api
    def predict(self, instances: np.ndarray) -> np.ndarray:
        probabilities: np.ndarray = self.session.run(
            ["probabilities"], {"images": instances.astype(np.uint8)}
        )[0]
        return probabilities
