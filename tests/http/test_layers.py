"""`POST /layers` over HTTP: the feature maps of the committed CNN."""

from __future__ import annotations

import base64
import io
import shutil
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from PIL import Image

from contract.repository import audit, entries
from tests.conftest import MODELS
from tests.server import serve

CNN = next(audit(entry) for entry in entries(MODELS) if entry.name == "digits-cnn")
IMAGE = CNN.golden.inputs["images"][14]


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


def test_the_training_images_of_a_channel_are_shown(client: httpx.Client) -> None:
    (layer,) = (one for one in shown(client)["layers"] if one["name"] == "conv4")
    answer = client.get("/models/digits-cnn/layers/conv4/channels/63")
    document = answer.json()
    assert answer.status_code == 200, document
    assert (document["model"], document["version"]) == ("digits-cnn", "1")
    assert (document["layer"], document["channel"]) == ("conv4", 63)
    assert document["strongest"] == layer["strongest"][63]
    pictures = np.stack(
        [np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))) for each in document["images"]]
    )
    assert pictures.shape == (5, 28, 28)
    maps = [
        client.post("/layers", json={"instances": [each.tolist()], "form": "values"}).json()
        for each in [*pictures, *CNN.golden.inputs["images"]]
    ]
    means = [np.mean(each["layers"][3]["values"][63]) for each in maps]
    assert sorted(means, reverse=True)[:5] == means[:5]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("digits-cnn/layers/conv9/channels/0", 'has no layer "conv9"; it has conv1, conv2'),
        ("digits-cnn/layers/conv1/channels/16", 'has no channel "16"; choose from 0 to 15'),
        ("digits-cnn/layers/conv1/channels/-1", 'has no channel "-1"'),
        ("digits-cnn/layers/conv1/channels/\u0663", "has no channel"),
        (f"digits-cnn/layers/conv1/channels/{'1' * 9000}", "has no channel"),
        ("digits-xgboost/layers/conv1/channels/0", "it has none to show"),
        ("none/layers/conv1/channels/0", "is unknown"),
    ],
)
def test_a_channel_that_is_not_there_is_not_found(
    client: httpx.Client, path: str, says: str
) -> None:
    answer = client.get(f"/models/{path}")
    assert answer.status_code == 404
    assert says in answer.json()["error"]
    assert len(answer.json()["error"]) < 300


def test_damaged_training_images_leave_the_model_serving(tmp_path: Path) -> None:
    model = tmp_path / "digits-cnn"
    shutil.copytree(MODELS / "digits-cnn", model)
    (model / "1" / "strongest.npz").write_bytes(b"x")
    with serve(ROSENBLATT_MODELS_DIR=str(tmp_path)) as server, server.client() as own:
        answer = own.get("/models/digits-cnn/layers/conv1/channels/0")
        assert answer.status_code == 503
        assert "strongest.npz holds 1 bytes" in answer.json()["error"]
        assert len(shown(own)["layers"]) == 4


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
