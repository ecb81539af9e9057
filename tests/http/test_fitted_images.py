"""Models that `fit` wrote from pictures, asked with pictures: the fitted models' answers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton
from PIL import Image

from tests.server import Server, serve
from tests.training.fit.images import made
from training.fit.images.rows import Images
from training.fit.run import Outcome, fit, prepare

pytestmark = pytest.mark.thorough

ONLY = ("linear", "forest", "cnn")
TOLERANCE = 1e-5


@pytest.fixture(scope="module", params=["grey", "colour"])
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    root = tmp_path_factory.mktemp("fitted-images")
    drawn = made.pictures(each=20, colour=request.param == "colour")
    given = made.options(
        made.folder(root / "shapes", drawn), out=root / "models", budget=5.0, only=ONLY
    )
    return fit(prepare(given), given, lambda what, left: None)


@pytest.fixture(scope="module")
def running(outcome: Outcome) -> Iterator[Server]:
    models = next(iter(outcome.written.values())).path.parents[1]
    with serve(
        ROSENBLATT_MODELS_DIR=str(models), ROSENBLATT_DEFAULT_MODEL=outcome.record.chosen
    ) as server:
        yield server


@pytest.fixture(scope="module")
def asked(outcome: Outcome) -> Images:
    """Images that are hard to answer alike."""
    problem = outcome.plan.problem
    found: Images = problem.kind.probes(problem.rows)
    return found


def answers(outcome: Outcome, name: str, images: Images) -> np.ndarray:
    """Those of the candidate in its own library."""
    return outcome.verdict.standing(name).entrant.model.predict(images)


def test_pngs_and_lists_get_the_fitted_models_answers(
    outcome: Outcome, running: Server, asked: Images
) -> None:
    problem = outcome.plan.problem
    pngs = [problem.kind.instance(asked, i) for i in range(len(asked))]
    with running.client() as client:
        for name, entry in outcome.written.items():
            expected = answers(outcome, name, asked)
            for instances in (pngs, asked.pixels.tolist()):
                body = {"model": entry.name, "instances": instances}
                reply = client.post("/predict", json=body)
                assert reply.status_code == 200, reply.text
                predictions = reply.json()["predictions"]
                got = np.array([p["probabilities"] for p in predictions])
                np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE)
                wanted = [problem.labels[k] for k in expected.argmax(axis=1)]
                assert [p["label"] for p in predictions] == wanted


def test_the_protocol_gives_the_same(outcome: Outcome, running: Server, asked: Images) -> None:
    client = triton.InferenceServerClient(running.url.removeprefix("http://"))
    for name, entry in outcome.written.items():
        tensor = triton.InferInput("images", list(asked.pixels.shape), "UINT8")
        tensor.set_data_from_numpy(asked.pixels)
        got = client.infer(entry.name, [tensor]).as_numpy("probabilities")
        np.testing.assert_allclose(got, answers(outcome, name, asked), rtol=0, atol=TOLERANCE)
    client.close()


def test_a_photograph_of_another_size_is_fitted_when_asked(
    outcome: Outcome, running: Server
) -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((60, 90, 3), (200, 30, 30), np.uint8)).save(file, "JPEG")
    path, head = f"/predict?model={outcome.record.chosen}", {"content-type": "image/jpeg"}
    with running.client() as client:
        plain = client.post(path, content=file.getvalue(), headers=head)
        fitted = client.post(f"{path}&fit=resize", content=file.getvalue(), headers=head)
    assert plain.status_code == 422
    assert "90x60 pixels; the model takes 16x16" in plain.json()["error"]
    assert fitted.status_code == 200, fitted.text
    assert fitted.json()["fitted"][0]["steps"][0] == "scaled from 90x60 to 16x11"


def test_an_image_unlike_the_training_images_is_answered_with_a_warning(
    outcome: Outcome, running: Server, asked: Images
) -> None:
    white = outcome.plan.problem.kind.instance(asked, 1)
    with running.client() as client:
        reply = client.post(
            "/predict", json={"model": outcome.record.chosen, "instances": [white]}
        ).json()
    assert "border mean 255" in reply["warnings"][0]


def test_the_model_tells_the_advice_and_where_it_came_from(
    outcome: Outcome, running: Server
) -> None:
    with running.client() as client:
        (version,) = client.get(f"/models/{outcome.record.chosen}").json()["versions"]
    manifest = version["manifest"]
    assert manifest["comparison"]["advice"]["facts"]["modalities"] == ["image"]
    assert {c["candidate"] for c in manifest["comparison"]["candidates"]} == {*ONLY, "blend"}
    assert list(manifest["training"]["data"]["sha256"]) == ["shapes"]
    assert Path(manifest["training"]["data"]["name"]).name == "shapes"
