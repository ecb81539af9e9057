"""Pictures over HTTP: as JSON, as the body, as a form; fits, warnings, the image that was seen."""

from __future__ import annotations

import base64
import io
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from contract.repository import audit, entries
from service.settings import Settings
from tests.conftest import MODELS
from tests.service.client import Client

GOLDEN = audit(next(e for e in entries(MODELS) if e.name == "digits-cnn")).golden
DIGIT = GOLDEN.inputs["images"][0]
LABEL = str(GOLDEN.outputs["label"][0])
PNG_TYPE, JPEG_TYPE = {"content-type": "image/png"}, {"content-type": "image/jpeg"}


def encoded(pixels: np.ndarray, kind: str = "PNG", scale: int = 1) -> bytes:
    side = 28 * scale
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((side, side)).save(buffer, kind)
    return buffer.getvalue()


SAME, LARGE = encoded(DIGIT), encoded(255 - DIGIT, scale=10)


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(Settings(provider="cpu"))


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def label(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    (prediction,) = answer.json()["predictions"]
    return str(prediction["label"])


def test_a_picture_is_the_same_however_it_is_sent(client: Client) -> None:
    answers = [
        client.request("POST", "/predict", {"instances": [DIGIT.tolist()]}),
        client.request("POST", "/predict", {"instances": [text(SAME)]}),
        client.request("POST", "/predict", {"instances": ["data:image/png;base64," + text(SAME)]}),
        client.request("POST", "/predict", {"instances": [base64.encodebytes(SAME).decode()]}),
        client.request("POST", "/predict", content=SAME, headers=PNG_TYPE),
        client.request("POST", "/predict", files={"file": ("seven.png", SAME)}),
    ]
    assert {label(answer) for answer in answers} == {LABEL}
    probabilities = [answer.json()["predictions"][0]["probabilities"] for answer in answers]
    assert all(found == probabilities[0] for found in probabilities)
    assert all("warnings" not in a.json() and "fitted" not in a.json() for a in answers)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_large_dark_picture_is_fitted(client: Client, kind: str) -> None:
    body = encoded(255 - DIGIT, kind, scale=10)
    headers = PNG_TYPE if kind == "PNG" else JPEG_TYPE
    path = "/predict?fit=mnist&return_fitted=true&model=digits-perceptron&version=1"
    answer = client.request("POST", path, content=body, headers=headers)
    assert label(answer) == LABEL
    assert answer.json()["model"] == "digits-perceptron"
    (fitted,) = answer.json()["fitted"]
    assert "inverted: dark on light" in fitted["steps"]
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(fitted["png"]))))
    assert seen.shape == (28, 28)
    assert seen.dtype == np.uint8
    again = client.request("POST", "/predict", {"instances": [seen.tolist()]})
    assert label(again) == LABEL


def test_a_form_has_the_fields_of_the_body(client: Client) -> None:
    form = {"fit": "mnist", "model": "digits-random-forest", "return_fitted": "false"}
    answer = client.request("POST", "/predict", files={"file": ("a.png", LARGE)}, data=form)
    assert label(answer) == LABEL
    assert answer.json()["model"] == "digits-random-forest"
    assert list(answer.json()["fitted"][0]) == ["steps"]
    compared = client.request(
        "POST", "/compare", files={"file": ("a.png", LARGE)}, data={"fit": "mnist"}
    ).json()
    assert compared["agree"] == [True]
    assert len(compared["models"]) == 4
    assert all(model["fitted"] for model in compared["models"])


def test_a_picture_unlike_the_training_images_draws_a_warning(client: Client) -> None:
    inverted = (255 - DIGIT).tolist()
    answer = client.request("POST", "/predict", {"instances": [DIGIT.tolist(), inverted]})
    (warning,) = answer.json()["warnings"]
    assert warning.startswith("instances[1] is dark on light (border mean 255, expected 0 to 12.9")
    assert warning.endswith('send "fit": "mnist"')
    fitted = client.request("POST", "/predict", {"instances": [inverted], "fit": "mnist"})
    assert label(fitted) == LABEL
    assert "warnings" not in fitted.json()
    compared = client.request("POST", "/compare", {"instances": [inverted]}).json()
    assert all(model["warnings"] for model in compared["models"])


def test_the_image_that_the_model_saw_can_be_had_without_a_fit(client: Client) -> None:
    body = {"instances": [DIGIT.tolist()], "return_fitted": True}
    (fitted,) = client.request("POST", "/predict", body).json()["fitted"]
    assert fitted["steps"] == []
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(fitted["png"]))))
    np.testing.assert_array_equal(seen, DIGIT)


WRONG: list[tuple[str, dict[str, Any], int, str]] = [
    ("/predict", {"content": LARGE, "headers": PNG_TYPE}, 422, "280x280 pixels; the model takes"),
    (
        "/predict?fit=mnis",
        {"content": LARGE, "headers": PNG_TYPE},
        422,
        'fit is "mnis"; it',
    ),
    ("/predict?fot=mnist", {"content": LARGE, "headers": PNG_TYPE}, 422, '"fot" is unknown; the'),
    ("/predict?fit=none&fit=none", {"content": SAME, "headers": PNG_TYPE}, 400, "given twice"),
    (
        "/predict?fit",
        {"content": SAME, "headers": PNG_TYPE},
        400,
        "cannot be read; send",
    ),
    ("/predict?fit=%FF", {"content": SAME, "headers": PNG_TYPE}, 400, "cannot be read"),
    ("/predict?model=gamma", {"content": SAME, "headers": PNG_TYPE}, 404, '"gamma" is unknown'),
    (
        "/compare?model=digits-cnn",
        {"content": SAME, "headers": PNG_TYPE},
        422,
        "parameters are fit",
    ),
    ("/predict?fit=mnist", {"document": {"instances": []}}, 422, "put the fields in the body"),
    ("/predict?return_fitted=yes", {"content": SAME, "headers": PNG_TYPE}, 422, "true or false"),
    ("/predict", {"document": {"instances": ["x"], "return_fitted": 1}}, 422, "is 1; it must be"),
    ("/predict", {"document": {"instances": ["x"], "fit": 1}}, 422, "fit is 1; it must be"),
    ("/predict", {"files": {"picture": ("a.png", SAME)}}, 422, '"picture" is unknown'),
    ("/predict", {"files": {"file": ("a.png", SAME)}, "data": {"instances": "[]"}}, 422, "unknown"),
    (
        "/predict",
        {"content": b"no picture", "headers": PNG_TYPE},
        422,
        "content-type is image/png, but the body begins otherwise",
    ),
    ("/predict", {"content": SAME, "headers": JPEG_TYPE}, 422, "is image/jpeg, but the body"),
    ("/predict", {"content": SAME, "headers": {"content-type": "image/gif"}}, 415, "image/png"),
]


@pytest.mark.parametrize(("path", "request_", "status", "message"), WRONG)
def test_a_wrong_request_is_named(
    client: Client, path: str, request_: dict[str, Any], status: int, message: str
) -> None:
    answer = client.request("POST", path, **request_)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["error"]
