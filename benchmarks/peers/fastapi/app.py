"""FastAPI as in its documentation: typed request and response bodies, validated by pydantic.

The endpoint is a coroutine: a call of 60 µs is cheaper on the event loop than on a thread.
"""

from __future__ import annotations

import os
from typing import Annotated

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI
from pydantic import BaseModel, Field

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = ort.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])

Pixel = Annotated[int, Field(ge=0, le=255)]
Row = Annotated[list[Pixel], Field(min_length=28, max_length=28)]
Image = Annotated[list[Row], Field(min_length=28, max_length=28)]


class Instances(BaseModel):
    """The request."""

    instances: Annotated[list[Image], Field(min_length=1, max_length=1024)]


class Prediction(BaseModel):
    """The prediction for one image."""

    label: str
    probabilities: list[float]


class Predictions(BaseModel):
    """The response."""

    predictions: list[Prediction]


app = FastAPI()


@app.post("/predict")
async def predict(sent: Instances) -> Predictions:
    """Label and probabilities of each image."""
    images = np.array(sent.instances, np.uint8)
    label, probabilities = session.run(["label", "probabilities"], {"images": images})
    return Predictions(
        predictions=[
            Prediction(label=str(one), probabilities=row)
            for one, row in zip(label, probabilities.tolist(), strict=True)
        ]
    )
