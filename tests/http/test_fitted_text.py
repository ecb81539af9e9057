"""A model of text that `fit` wrote, over HTTP: the fitted model's answers, to any text."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton

from tests.server import Server, serve
from tests.training.fit.texts import reviews
from training.fit.run import Outcome, fit, prepare

pytestmark = pytest.mark.thorough

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fitted-text")


@pytest.fixture(scope="module")
def outcome(folder: Path) -> Outcome:
    given = reviews.options(
        reviews.write(folder / "reviews.csv", reviews.reviews("classes")),
        name="reviews", out=folder / "models", budget=5.0, only=("tfidf",),
    )  # fmt: skip
    return fit(prepare(given), given, lambda what, left: None)


@pytest.fixture(scope="module")
def running(outcome: Outcome, folder: Path) -> Iterator[Server]:
    with serve(
        ROSENBLATT_MODELS_DIR=str(folder / "models"), ROSENBLATT_DEFAULT_MODEL="reviews"
    ) as server:
        yield server


def asked(outcome: Outcome) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Hard rows as instances, and the fitted model's probabilities."""
    problem = outcome.plan.problem
    probes = problem.kind.probes(problem.rows)
    predicted = outcome.verdict.chosen.entrant.model.predict(probes)
    return [problem.kind.instance(probes, i) for i in range(len(probes))], predicted


def test_predict_gives_the_fitted_models_answers(outcome: Outcome, running: Server) -> None:
    rows, expected = asked(outcome)
    labels = outcome.plan.problem.labels
    with running.client() as client:
        reply = client.post("/predict", json={"instances": rows})
        assert reply.status_code == 200, reply.text
        empty = client.post("/predict", json={"instances": [{"text": None}, {"text": ""}]}).json()
    predictions = reply.json()["predictions"]
    got = np.array([p["probabilities"] for p in predictions])
    assert np.max(np.abs(got - expected)) <= TOLERANCE
    assert [p["label"] for p in predictions] == [labels[k] for k in expected.argmax(axis=1)]
    missing, blank = empty["predictions"]
    assert missing == blank


def test_the_protocol_gives_the_same(outcome: Outcome, running: Server) -> None:
    rows, expected = asked(outcome)
    texts = np.array([row["text"] for row in rows], object)
    client = triton.InferenceServerClient(running.url.removeprefix("http://"))
    tensor = triton.InferInput("text", list(texts.shape), "BYTES")
    tensor.set_data_from_numpy(texts)
    got = client.infer("reviews", [tensor]).as_numpy("probabilities")
    client.close()
    np.testing.assert_allclose(got, expected, atol=TOLERANCE)


def test_the_model_is_one_of_text(running: Server) -> None:
    with running.client() as client:
        (version,) = client.get("/models/reviews").json()["versions"]
    assert version["modality"] == "text"
    (seen,) = version["manifest"]["inputs"][0]["seen"]
    assert seen["characters"]["low"] < seen["characters"]["high"]


@pytest.mark.parametrize("value", [3, ["a"], {"a": 1}, True])
def test_what_is_no_text_is_refused(running: Server, value: Any) -> None:
    with running.client() as client:
        reply = client.post("/predict", json={"instances": [{"text": value}]})
    assert reply.status_code == 422
    assert "instances[0].text" in reply.json()["error"]


def test_hostile_texts_are_answered_in_bounded_time(running: Server) -> None:
    texts = ["w " * 50_000, "a," * 20_000, "." * 50_000, "\0\0", *["?!" * 200] * 100]
    started = time.perf_counter()
    with running.client() as client:
        reply = client.post("/predict", json={"instances": [{"text": text} for text in texts]})
    assert reply.status_code == 200, reply.text
    assert time.perf_counter() - started < 10
    assert len(reply.json()["predictions"]) == len(texts)
