"""`POST /explain` over HTTP, from a real server with the committed models."""

from __future__ import annotations

import base64
import io
import time
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from contract.repository import audit, entries
from tests.conftest import MODELS
from training.datasets import Dataset

ARTIFACTS = {entry.name: audit(entry) for entry in entries(MODELS)}
IMAGES = ARTIFACTS["digits-cnn"].golden.inputs["images"]
OWN = {
    "digits-cnn": "gradient",
    "digits-perceptron": "linear",
    "digits-random-forest": "path",
    "digits-xgboost": "path",
}


def explained(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/explain", json=body)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def refused(client: httpx.Client, **body: Any) -> tuple[int, str]:
    answer = client.post("/explain", json=body)
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize("model", OWN)
def test_the_default_method_is_the_models_own_and_adds_up_for_100_images(
    client: httpx.Client, mnist: Dataset, model: str
) -> None:
    images = mnist.test.images[:100]
    for start in range(0, 100, 16):
        document = explained(client, model=model, instances=images[start : start + 16].tolist())
        assert document["method"] == OWN[model]
        for one in document["explanations"]:
            pixels = np.array(one["attribution"])
            assert pixels.shape == (28, 28)
            total = one["base"] + float(pixels.sum())
            assert abs(total - one["value"]) < 1e-5
            assert abs(one["gap"]) < 1e-5
            assert one["sum"] == pytest.approx(total, abs=1e-9)


@pytest.mark.thorough
@pytest.mark.parametrize("model", OWN)
def test_shapley_adds_up_and_tells_its_error(client: httpx.Client, model: str) -> None:
    labels = explained(client, model=model, instances=IMAGES[:16].tolist(), method="shapley")
    answers = client.post("/predict", json={"model": model, "instances": IMAGES[:16].tolist()})
    for one, prediction in zip(labels["explanations"], answers.json()["predictions"], strict=True):
        assert one["target"] == prediction["label"]
        assert one["explains"] == "probability"
        probability = max(prediction["probabilities"])
        assert one["value"] == pytest.approx(probability, abs=1e-6)
        total = one["base"] + float(np.sum(one["attribution"]))
        assert total == pytest.approx(one["value"], abs=1e-5)
        assert one["standard_error"] <= 0.02


def test_the_same_question_has_the_same_answer(client: httpx.Client) -> None:
    body = {"instances": IMAGES[:1].tolist(), "method": "shapley"}
    first, second = (explained(client, **body)["explanations"] for _ in range(2))
    assert first == second


def test_occlusion_says_what_the_answer_loses(client: httpx.Client) -> None:
    seven = explained(client, instances=IMAGES[14:15].tolist(), method="occlusion")
    (one,) = seven["explanations"]
    assert not one["additive"]
    losses = np.array(one["attribution"])
    assert losses.shape == (28, 28)
    # Taking ink away costs more than taking background away.
    ink = IMAGES[14] > 127
    assert losses[ink].mean() > losses[~ink].mean()


def test_another_class_may_be_asked_for(client: httpx.Client) -> None:
    found = explained(
        client, model="digits-random-forest", instances=IMAGES[:1].tolist(), target="3"
    )
    (one,) = found["explanations"]
    assert one["target"] == "3"
    assert one["value"] < 0.5


def test_a_picture_is_explained_as_it_is_sent(client: httpx.Client) -> None:
    buffer = io.BytesIO()
    Image.fromarray(IMAGES[3]).save(buffer, "PNG")
    headers = {"content-type": "image/png"}
    query = {"model": "digits-perceptron", "method": "linear", "target": "1"}
    sent = client.post("/explain", content=buffer.getvalue(), headers=headers, params=query)
    same = explained(
        client, model="digits-perceptron", method="linear", target="1",
        instances=[base64.b64encode(buffer.getvalue()).decode()],
    )  # fmt: skip
    assert sent.json()["explanations"] == same["explanations"]


def test_models_list_their_methods(client: httpx.Client) -> None:
    for one in client.get("/models").json()["models"]:
        assert one["explanations"] == [OWN[one["name"]], "shapley", "occlusion"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"method": "lime"}, 422, 'method is "lime"; for model'),
        ({"method": "path"}, 422, "must be one of gradient, shapley, occlusion"),
        ({"target": "11"}, 422, 'target is "11"; it must be one of 0, 1, 2'),
        ({"model": "none"}, 404, 'model "none" is unknown'),
        ({"instances": []}, 422, "instances is empty"),
        ({"instances": [[[0] * 28] * 28] * 17}, 413, "at most 16 are allowed"),
        ({"metod": "path"}, 422, "metod"),
        ({"method": 3}, 422, "method is 3"),
    ],
)
def test_what_is_wrong_is_said(
    client: httpx.Client, body: dict[str, Any], status: int, says: str
) -> None:
    found = refused(client, **{"instances": IMAGES[:1].tolist(), **body})
    assert found[0] == status
    assert says in found[1]


@pytest.mark.thorough
def test_predictions_are_answered_while_something_is_explained(client: httpx.Client) -> None:
    body = {"model": "digits-cnn", "instances": IMAGES[:16].tolist(), "method": "shapley"}
    with httpx.Client(base_url=client.base_url, timeout=60) as other:
        import threading

        answers: list[int] = []
        slow = threading.Thread(
            target=lambda: answers.append(other.post("/explain", json=body).status_code)
        )
        slow.start()
        time.sleep(0.05)
        started = time.perf_counter()
        assert client.post("/predict", json={"instances": IMAGES[:1].tolist()}).status_code == 200
        waited = time.perf_counter() - started
        slow.join()
    assert answers == [200]
    assert waited < 1.0
