"""The routes over tiny models, in process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.batch import Batch
from service.errors import UnavailableError
from service.http.verbs import INLINE_BYTES
from service.settings import Settings
from tests.service.client import Client

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8)


@pytest.fixture
def client(repository: Path) -> Client:
    return Client(Settings(models_dir=repository, default_model="beta"))


@pytest.fixture
def damaged(repository: Path) -> Client:
    (repository / "beta/10/model.onnx").unlink()
    return Client(Settings(models_dir=repository, default_model="alpha"))


@pytest.mark.parametrize("n", [1, 50])
def test_a_prediction_is_the_sessions(client: Client, n: int) -> None:
    """One image is answered on the event loop, fifty on a thread; both are right."""
    answer = client.request("POST", "/predict", {"instances": IMAGES[:n].tolist()})
    assert (len(answer.request.content) > INLINE_BYTES) is (n == 50)
    expected = client.models.get("beta", "10").session.predict(Batch({"images": IMAGES[:n]}))
    document = answer.json()
    assert (document["model"], document["version"]) == ("beta", "10")
    assert [int(p["label"]) for p in document["predictions"]] == expected["label"].tolist()
    got = [p["probabilities"] for p in document["predictions"]]
    np.testing.assert_allclose(got, expected["probabilities"], atol=1e-6)


def test_an_error_on_a_thread_is_the_same_error(client: Client) -> None:
    instances: list[Any] = IMAGES.tolist()
    instances[49][27][27] = 256
    answer = client.request("POST", "/predict", {"instances": instances})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["instances", 49, 27, 27]


def test_a_named_version_answers(client: Client) -> None:
    body = {"model": "beta", "version": "2", "instances": IMAGES[:1].tolist()}
    assert client.request("POST", "/predict", body).json()["version"] == "2"


def test_compare_lists_highest_versions(client: Client) -> None:
    document = client.request("POST", "/compare", {"instances": IMAGES[:3].tolist()}).json()
    assert [(m["model"], m["version"]) for m in document["models"]] == [
        ("alpha", "1"),
        ("beta", "10"),
    ]
    assert len(document["agree"]) == 3


def test_compare_tells_of_the_refused(damaged: Client) -> None:
    document = damaged.request("POST", "/compare", {"instances": IMAGES[:1].tolist()}).json()
    assert [m["model"] for m in document["models"]] == ["alpha"]
    assert document["refused"][0]["model"] == "beta"


def test_compare_without_any_model(tmp_path: Path) -> None:
    empty = Client(Settings(models_dir=tmp_path))
    with pytest.raises(UnavailableError, match="no model serves"):
        empty.product.compare.request(IMAGES[:1].tolist())
    ready = empty.request("GET", "/readyz")
    assert (ready.status_code, ready.json()["state"]) == (503, "not ready")


def test_the_list_is_by_name_and_number(client: Client) -> None:
    models = client.request("GET", "/models").json()["models"]
    assert [(m["name"], m["version"], m["default_version"]) for m in models] == [
        ("alpha", "1", True),
        ("beta", "2", False),
        ("beta", "10", True),
    ]


def test_a_refused_version_is_shown_with_its_reason(damaged: Client) -> None:
    versions = damaged.request("GET", "/models/beta").json()["versions"]
    assert [(v["version"], v["state"]) for v in versions] == [("2", "ready"), ("10", "refused")]
    assert "model.onnx cannot be read" in versions[1]["reason"]
    ready = damaged.request("GET", "/readyz")
    assert (ready.status_code, ready.json()["state"]) == (200, "degraded")


def test_an_unknown_model_is_not_found(client: Client) -> None:
    assert client.request("GET", "/models/gamma").status_code == 404


def test_metrics_count_what_succeeded(client: Client) -> None:
    def value(name: str, **labels: str) -> float | None:
        return client.registry.get_sample_value(name, labels)

    provider = client.models.get("beta", "10").session.provider
    labels = {"model": "beta", "version": "10", "provider": provider}
    client.request("POST", "/predict", {"instances": IMAGES[:3].tolist()})
    client.request("POST", "/predict", {"instances": IMAGES[:5].tolist()})
    client.request("POST", "/predict", {"instances": [[1]]})
    assert value("rosenblatt_predictions_total", **labels) == 8
    assert value("rosenblatt_compute_seconds_count", **labels) == 2
    assert value("rosenblatt_batch_rows_sum", **labels) == 8
    assert value("rosenblatt_model_ready", model="alpha", version="1") == 1


def test_booleans_are_found_whatever_the_spelling(client: Client) -> None:
    rows = IMAGES[0].tolist()
    rows[0][0] = True
    answer = client.request("POST", "/predict", {"instances": [rows]})
    assert answer.status_code == 422
    assert "is true" in answer.json()["error"]
