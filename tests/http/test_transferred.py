"""A model that `transfer` wrote, served unchanged: its answers are the retrained network's."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from PIL import Image

from contract.batch import Batch
from contract.repository import audit
from tests.conftest import MODELS
from tests.server import Server, serve
from tests.training.transfer import made
from training.answers import run_graph
from training.errors import ParityError
from training.transfer.approaches import forest
from training.transfer.options import Options
from training.transfer.run import FIGURES, Outcome, Prepared, prepare, run

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    root = tmp_path_factory.mktemp("transferred")
    folder = made.letters(root, each=30)
    options = Options(
        "digits-cnn", str(folder), "letters-transfer", models=MODELS, out=root / "models",
        labels=(5, 300), seeds=2,
    )  # fmt: skip
    # The forest alone is compared: the networks have tests of their own.
    return replace(prepare(options), approaches=(forest(),))


@pytest.fixture(scope="module")
def outcome(prepared: Prepared) -> Outcome:
    return run(prepared, lambda what, done, of: None)


@pytest.fixture(scope="module")
def running(outcome: Outcome) -> Iterator[Server]:
    models = outcome.entry.path.parents[1]
    with serve(
        ROSENBLATT_MODELS_DIR=str(models), ROSENBLATT_DEFAULT_MODEL="letters-transfer"
    ) as server:
        yield server


def png(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_the_version_is_whole(prepared: Prepared, outcome: Outcome) -> None:
    artifact = audit(outcome.entry)
    manifest = artifact.manifest
    assert manifest.labels == made.CLASSES
    assert manifest.parity is not None
    assert manifest.parity.label_mismatches == 0
    assert manifest.training is not None
    assert manifest.training.source is not None
    assert manifest.training.source.sha256 == prepared.source.sha256
    assert manifest.training.notes["trained_parameters"] == 576 * 3 + 3
    assert manifest.training.notes["temperature"] > 0
    figures = json.loads((outcome.entry.path / FIGURES).read_text())
    assert [(p["labels"], p["seed"]) for p in figures["points"]] == [(5, 0), (5, 1)]
    assert list(figures["left_out"]) == ["300"]
    card = (outcome.entry.path / "card.md").read_text()
    assert "| started from | digits-cnn version 1, SHA-256" in card
    assert "convolutions frozen |" in card
    assert "![Accuracy by labels a class](transfer.png)" in card
    assert "Classes: L, T, X." in card
    for name in ("transfer.png", "confusion.png", "learning_curve.png"):
        assert (outcome.entry.path / name).read_bytes().startswith(b"\x89PNG")


def test_it_has_learnt(outcome: Outcome) -> None:
    metrics = outcome.manifest.metrics
    assert metrics is not None
    assert metrics.task == "classification"
    assert metrics.accuracy > 0.8


def test_pngs_and_lists_get_the_networks_answers(
    prepared: Prepared, outcome: Outcome, running: Server
) -> None:
    test = prepared.given.parts.test
    expected = run_graph(audit(outcome.entry).graph, Batch({"images": test.images}))
    with running.client() as client:
        for instances in ([png(image) for image in test.images], test.images.tolist()):
            reply = client.post("/predict", json={"instances": instances})
            assert reply.status_code == 200, reply.text
            assert reply.json()["model"] == "letters-transfer"
            predictions = reply.json()["predictions"]
            got = np.array([p["probabilities"] for p in predictions])
            np.testing.assert_allclose(got, expected["probabilities"], rtol=0, atol=1e-5)
            labels = [made.CLASSES[k] for k in expected["label"]]
            assert [p["label"] for p in predictions] == labels


def test_the_protocol_gives_the_same(prepared: Prepared, outcome: Outcome, running: Server) -> None:
    images = prepared.given.parts.test.images
    expected = run_graph(audit(outcome.entry).graph, Batch({"images": images}))
    client = triton.InferenceServerClient(running.url.removeprefix("http://"))
    tensor = triton.InferInput("images", list(images.shape), "UINT8")
    tensor.set_data_from_numpy(images)
    got = client.infer("letters-transfer", [tensor]).as_numpy("probabilities")
    np.testing.assert_allclose(got, expected["probabilities"], rtol=0, atol=1e-5)
    client.close()


def test_a_picture_of_another_size_is_fitted_by_the_service(running: Server) -> None:
    """What training did to the pictures, the service does when asked."""
    large = np.full((120, 160), 250, np.uint8)
    large[20:100, 40:48] = large[92:100, 40:110] = 15  # dark on light
    with running.client() as client:
        plain = client.post("/predict", json={"instances": [png(large)]})
        fitted = client.post("/predict", json={"instances": [png(large)], "fit": "mnist"})
    assert plain.status_code == 422
    assert fitted.status_code == 200, fitted.text
    assert fitted.json()["predictions"][0]["label"] == "L"
    assert "centred by mass" in fitted.json()["fitted"][0]["steps"]


def test_the_model_says_what_it_came_from(running: Server) -> None:
    with running.client() as client:
        (version,) = client.get("/models/letters-transfer").json()["versions"]
    source = version["manifest"]["training"]["source"]
    assert (source["name"], source["version"], source["freeze"]) == ("digits-cnn", "1", "conv")


def test_it_explains_itself_and_shows_its_layers(prepared: Prepared, running: Server) -> None:
    image = prepared.given.parts.test.images[:1].tolist()
    with running.client() as client:
        explained = client.post("/explain", json={"instances": image}).json()
        layers = client.post("/layers", json={"instances": image}).json()["layers"]
        excited = client.get("/models/letters-transfer/layers/conv1/channels/2").json()
    assert explained["method"] == "gradient"
    (one,) = explained["explanations"]
    assert one["target"] in made.CLASSES
    assert abs(one["base"] + float(np.sum(one["attribution"])) - one["value"]) < 1e-4
    assert [layer["name"] for layer in layers] == ["conv1", "conv2", "conv3", "conv4"]
    most = max(max(map(max, layer["strongest"])) for layer in layers)
    assert most < len(prepared.given.pool)
    assert excited["strongest"] == layers[0]["strongest"][2]
    shown = Image.open(io.BytesIO(base64.b64decode(excited["images"][0])))
    expected = prepared.given.pool.images[excited["strongest"][0]]
    np.testing.assert_array_equal(np.asarray(shown), expected)


@pytest.mark.parametrize(
    ("error", "says"),
    [(KeyboardInterrupt(), "it was stopped"), (ParityError("it is off"), "it is off")],
)
def test_a_version_whose_explanations_fail_is_kept_and_told(
    prepared: Prepared,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    says: str,
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr("training.transfer.run.add_explanations", fail)
    options = replace(prepared.options, out=tmp_path / "models", labels=(300,))
    found = run(replace(prepared, options=options), lambda what, done, of: None)
    assert found.unexplained == says
    assert audit(found.entry).manifest.explanations == ()


def test_a_new_run_is_the_next_version_and_a_source_itself(
    prepared: Prepared, outcome: Outcome
) -> None:
    out: Path = outcome.entry.path.parents[1]
    again = replace(prepared.options, source="letters-transfer", models=out, labels=(300,))
    found = run(prepare(again), lambda what, done, of: None)
    assert found.manifest.version == "2"
    assert found.manifest.training is not None
    assert found.manifest.training.source is not None
    assert found.manifest.training.source.name == "letters-transfer"
    assert found.comparison.as_it_is is not None
    assert not (found.entry.path / "transfer.png").exists()
