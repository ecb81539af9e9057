"""FastAPI as in its documentation, for a table: one typed field per column."""

from __future__ import annotations

import os
from typing import Annotated, Any

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI
from pydantic import BaseModel, Field, create_model

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = ort.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])

NUMBERS = {i.name: i.type == "tensor(float)" for i in session.get_inputs()}
FIELDS: Any = {
    name: (float | None, None) if number else (str | None, None) for name, number in NUMBERS.items()
}
Row = create_model("Row", **FIELDS)
LABELS = os.environ["LABELS"].split(",")


class Instances(BaseModel):
    """The request."""

    instances: Annotated[list[Row], Field(min_length=1, max_length=1024)]


class Prediction(BaseModel):
    """The prediction for one row."""

    label: str
    probabilities: list[float]


class Predictions(BaseModel):
    """The response."""

    predictions: list[Prediction]


app = FastAPI()


@app.post("/predict")
async def predict(sent: Instances) -> Predictions:
    """Label and probabilities of each row."""
    inputs = {}
    for name, number in NUMBERS.items():
        values = [getattr(row, name) for row in sent.instances]
        if number:
            inputs[name] = np.array(values, np.float32)
        else:
            inputs[name] = np.array(["" if value is None else value for value in values], object)
    label, probabilities = session.run(["label", "probabilities"], inputs)
    return Predictions(
        predictions=[
            Prediction(label=LABELS[one], probabilities=row)
            for one, row in zip(label, probabilities.tolist(), strict=True)
        ]
    )
