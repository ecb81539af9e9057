"""What a client sends and gets, over HTTP, from a real server with the committed models."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import bentoml
import httpx
import numpy as np
import pytest
from PIL import Image

from contract.records import ClassificationMetrics
from contract.repository import Artifact, audit, entries
from tests.conftest import MODELS
from tests.server import Server

ARTIFACTS = [audit(entry) for entry in entries(MODELS)]
CNN = next(a for a in ARTIFACTS if a.manifest.name == "digits-cnn")
IMAGES, LABELS = CNN.golden.inputs["images"], CNN.golden.outputs["label"]


def png(image: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize("artifact", ARTIFACTS, ids=lambda a: a.manifest.name)
@pytest.mark.parametrize("form", ["integers", "png"])
def test_every_model_answers_its_golden_inputs(
    client: httpx.Client, artifact: Artifact, form: str
) -> None:
    images, expected = artifact.golden.inputs["images"], artifact.golden.outputs
    instances = [png(i) for i in images] if form == "png" else images.tolist()
    answer = client.post(
        "/predict", json={"model": artifact.manifest.name, "version": "1", "instances": instances}
    )
    assert answer.status_code == 200
    document = answer.json()
    assert list(document) == ["model", "version", "provider", "predictions"]
    assert document["model"] == artifact.manifest.name
    assert document["provider"] in {"CPUExecutionProvider", "CUDAExecutionProvider"}
    labels = [int(p["label"]) for p in document["predictions"]]
    assert labels == expected["label"].tolist()
    np.testing.assert_allclose(
        [p["probabilities"] for p in document["predictions"]],
        expected["probabilities"],
        atol=artifact.manifest.golden.tolerance,
    )


def test_the_default_model_answers_when_none_is_named(client: httpx.Client) -> None:
    document = client.post("/predict", json={"instances": IMAGES[:1].tolist()}).json()
    assert document["model"] == "digits-cnn"
    assert len(document["predictions"]) == 1


def test_both_forms_of_an_image_may_be_mixed(client: httpx.Client) -> None:
    image = IMAGES[3]
    document = client.post("/predict", json={"instances": [image.tolist(), png(image)]}).json()
    assert document["predictions"][0] == document["predictions"][1]


def test_a_large_request_is_answered_in_order(client: httpx.Client) -> None:
    images = np.tile(IMAGES, (40, 1, 1))
    document = client.post("/predict", json={"instances": images.tolist()}).json()
    labels = [int(p["label"]) for p in document["predictions"]]
    assert labels == np.tile(LABELS, 40).tolist()


def test_compare_asks_every_model(client: httpx.Client) -> None:
    images = IMAGES[:4]
    document = client.post("/compare", json={"instances": images.tolist()}).json()
    assert [m["model"] for m in document["models"]] == sorted(a.manifest.name for a in ARTIFACTS)
    columns = zip(
        *([p["label"] for p in m["predictions"]] for m in document["models"]), strict=True
    )
    assert document["agree"] == [len(set(column)) == 1 for column in columns]
    assert document["skipped"] == document["refused"] == []


def test_models_are_listed(client: httpx.Client) -> None:
    document = client.get("/models").json()
    assert document["default"] == "digits-cnn"
    assert [m["name"] for m in document["models"]] == sorted(a.manifest.name for a in ARTIFACTS)
    for model, artifact in zip(document["models"], ARTIFACTS, strict=True):
        assert model["state"] == "ready"
        assert model["default_version"] is True
        metrics = artifact.manifest.metrics
        assert isinstance(metrics, ClassificationMetrics)
        assert model["test_accuracy"] == metrics.accuracy
        assert model["bytes"] == len(artifact.graph)


def test_a_model_shows_its_manifest(client: httpx.Client) -> None:
    document = client.get("/models/digits-cnn").json()
    assert document["name"] == "digits-cnn"
    assert document["versions"][0]["manifest"] == CNN.manifest.model_dump(mode="json")


def test_an_unknown_model_is_not_found(client: httpx.Client) -> None:
    answer = client.get("/models/digits-svm")
    assert answer.status_code == 404
    assert "digits-cnn" in answer.json()["error"]


def test_health(client: httpx.Client) -> None:
    assert client.get("/livez").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["state"] == "ready"
    assert len(ready.json()["serving"]) == len(ARTIFACTS)


def test_metrics_count_rows_and_requests(client: httpx.Client) -> None:
    def rows() -> float:
        for line in client.get("/metrics").text.splitlines():
            if line.startswith("rosenblatt_predictions_total") and "digits-perceptron" in line:
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    before = rows()
    body = {"model": "digits-perceptron", "instances": IMAGES[:5].tolist()}
    assert client.post("/predict", json=body).status_code == 200
    assert rows() == before + 5
    text = client.get("/metrics").text
    assert 'rosenblatt_model_ready{model="digits-cnn",version="1"} 1.0' in text
    assert 'bentoml_service_request_total{endpoint="/predict",http_response_code="200"' in text


def test_bentomls_own_client_can_be_used(server: Server) -> None:
    with bentoml.SyncHTTPClient(server.url) as client:
        answer: Any = client.predict(instances=IMAGES[:2].tolist())
        assert [int(p["label"]) for p in answer["predictions"]] == LABELS[:2].tolist()
        compared: Any = client.compare(instances=IMAGES[:1].tolist())
        assert len(compared["models"]) == len(ARTIFACTS)


def test_the_openapi_page_knows_the_routes(client: httpx.Client) -> None:
    document = client.get("/docs.json").json()
    assert {"/predict", "/compare"} <= set(document["paths"])
    assert "instances" in str(document["components"]["schemas"])
    assert client.get("/").status_code == 200


def test_nothing_of_training_is_loaded(server: Server) -> None:
    loaded = {Path(m.path).name for m in server.worker().memory_maps()}
    assert not [name for name in loaded if "torch" in name or "sklearn" in name or "xgb" in name]
