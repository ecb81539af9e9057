"""A damaged repository behind a real server: one model refused, the others serve."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx

from tests.conftest import MODELS
from tests.faults import fault
from tests.server import serve

ZEROS = [[0] * 28] * 28


@fault("damaged-artifacts")
def test_a_flipped_byte_a_missing_file_and_a_swap(tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(MODELS, models)
    xgboost = models / "digits-xgboost/1/model.onnx"
    data = bytearray(xgboost.read_bytes())
    data[len(data) // 3] ^= 1
    xgboost.write_bytes(data)
    (models / "digits-random-forest/1/golden.npz").unlink()
    with serve(ROSENBLATT_MODELS_DIR=str(models)) as server, server.client() as client:
        ready = client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["state"] == "degraded"
        refused = {r["name"]: r["reason"] for r in ready.json()["refused"]}
        assert set(refused) == {"digits-xgboost", "digits-random-forest"}
        assert "SHA-256" in refused["digits-xgboost"]
        assert "golden.npz cannot be read" in refused["digits-random-forest"]
        answer = client.post("/predict", json={"model": "digits-xgboost", "instances": [ZEROS]})
        assert answer.status_code == 503
        assert "was refused at load" in answer.json()["error"]
        assert client.post("/predict", json={"instances": [ZEROS]}).status_code == 200
        compared = client.post("/compare", json={"instances": [ZEROS]}).json()
        assert len(compared["models"]) == 2
        assert len(compared["refused"]) == 2
        states = {m["name"]: m["state"] for m in client.get("/models").json()["models"]}
        assert states["digits-xgboost"] == "refused"
        assert 'digits-xgboost",version="1"} 0.0' in client.get("/metrics").text
        log = server.log.read_text()
        assert log.count("was refused") == 2


def test_without_its_default_model_the_service_is_not_ready(tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(MODELS / "digits-perceptron", models / "digits-perceptron")
    shutil.copytree(MODELS / "digits-perceptron", models / "digits-cnn")
    with serve(ROSENBLATT_MODELS_DIR=str(models), ready_status=(503,)) as server:
        answer = httpx.get(f"{server.url}/readyz")
        assert "'digits-cnn' does not serve" in answer.json()["error"]
        assert "describes digits-perceptron" in answer.json()["refused"][0]["reason"]
        body = {"model": "digits-perceptron", "instances": [ZEROS]}
        assert httpx.post(f"{server.url}/predict", json=body).status_code == 200
        assert httpx.get(f"{server.url}/livez").status_code == 200
