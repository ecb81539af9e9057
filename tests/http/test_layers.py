"""`POST /layers` over HTTP: the feature maps of the committed CNN."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from PIL import Image

from contract.repository import audit, entries
from tests.conftest import MODELS
from tests.server import Server

CNN = next(audit(entry) for entry in entries(MODELS) if entry.name == "digits-cnn")
IMAGE = CNN.golden.inputs["images"][14]


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def shown(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/layers", json={"instances": [IMAGE.tolist()], **body})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_every_layer_is_a_picture_of_its_maps(client: httpx.Client) -> None:
    document = shown(client)
    assert document["model"] == "digits-cnn"
    assert [layer["name"] for layer in document["layers"]] == ["conv1", "conv2", "conv3", "conv4"]
    for layer in document["layers"]:
        channels, height, width = layer["shape"]
        picture = Image.open(io.BytesIO(base64.b64decode(layer["png"])))
        columns = int(np.ceil(np.sqrt(channels)))
        assert picture.size[0] == columns * (width + 1) - 1
        assert picture.size[1] == -(-channels // columns) * (height + 1) - 1
        assert np.asarray(picture).max() == 255
        assert len(layer["strongest"]) == channels
    filters = [layer["filters"] is not None for layer in document["layers"]]
    assert filters == [True, False, False, False]


def test_the_last_maps_are_what_the_model_reads(client: httpx.Client) -> None:
    """The dense layer over them gives the model's own probabilities."""
    layers = shown(client, form="values")["layers"]
    maps = np.array(layers[-1]["values"], np.float32)
    assert maps.shape == tuple(layers[-1]["shape"])
    model = onnx.load_from_string(CNN.graph)
    weights = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    (gemm,) = (node for node in model.graph.node if node.op_type == "Gemm")
    logits = weights[gemm.input[1]] @ maps.ravel() + weights[gemm.input[2]]
    logits = logits * weights["inverse_temperature"]
    found = np.exp(logits - logits.max())
    session = ort.InferenceSession(CNN.graph)
    (expected,) = session.run(["probabilities"], {"images": IMAGE[None]})
    np.testing.assert_allclose(found / found.sum(), expected[0], atol=1e-5)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"model": "digits-xgboost"}, 422, "has no layers to show; name a network"),
        ({"form": "svg"}, 422, "form is"),
        ({"instances": [IMAGE.tolist()] * 2}, 413, "at most 1 are allowed"),
        ({"model": "none"}, 404, "is unknown"),
    ],
)
def test_what_is_wrong_is_said(
    client: httpx.Client, body: dict[str, Any], status: int, says: str
) -> None:
    answer = client.post("/layers", json={"instances": [IMAGE.tolist()], **body})
    assert answer.status_code == status
    assert says in answer.json()["error"]
