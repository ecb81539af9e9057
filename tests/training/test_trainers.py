"""Every trainer, end to end, on scikit-learn's digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from contract.records import CalibrationError, ClassificationMetrics, Parity, TrainingRecord
from contract.repository import audit, entries
from training import cnn, gradient_boosting, loop, perceptron, random_forest
from training.datasets import Dataset, Split, load
from training.errors import BelowFloorError, ParityError
from training.fitted import Fitted
from training.publish import publish
from training.recipes import RECIPES, Recipe

SMALL: dict[str, Callable[[Dataset], Fitted]] = {
    "digits-random-forest": lambda data: random_forest.train(
        data, seed=1, hyperparameters=random_forest.Hyperparameters(n_estimators=30)
    ),
    "digits-perceptron": lambda data: perceptron.train(data, seed=1),
    "digits-xgboost": lambda data: gradient_boosting.train(
        data, seed=1, hyperparameters=gradient_boosting.Hyperparameters(rounds=30)
    ),
    "digits-cnn": lambda data: cnn.train(data, seed=1, hyperparameters=cnn.Fast(epochs=5)),
}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


@pytest.fixture(scope="module")
def fitted(digits: Dataset) -> dict[str, Fitted]:
    return {name: train(digits) for name, train in SMALL.items()}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.name)
def test_a_trained_model_is_published_whole(
    recipe: Recipe, fitted: dict[str, Fitted], digits: Dataset, tmp_path: Path
) -> None:
    manifest = publish(recipe, fitted[recipe.name], digits, seed=1, root=tmp_path)
    entry = entries(tmp_path)[0]
    artifact = audit(entry)
    assert artifact.manifest == manifest
    assert isinstance(manifest.parity, Parity)
    assert manifest.parity.label_mismatches == 0
    trees = recipe.algorithm in ("random_forest", "gradient_boosting")
    assert list(manifest.files) == (["default", "cuda"] if trees else ["default"])
    metrics = manifest.metrics
    assert isinstance(metrics, ClassificationMetrics)
    assert metrics.accuracy >= recipe.floors["digits"]
    assert isinstance(manifest.training, TrainingRecord)
    assert manifest.training.data.name == "digits"
    error = metrics.expected_calibration_error
    assert isinstance(error, CalibrationError)
    assert error.before is not None
    assert error.after < max(error.before, 0.06)
    card = (entry.path / "card.md").read_text()
    assert f"{metrics.accuracy:.4f}" in card
    for picture in ("confusion.png", "learning_curve.png"):
        assert (entry.path / picture).read_bytes().startswith(b"\x89PNG")
        assert picture in card


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.name)
def test_the_graph_takes_one_image_and_many(
    recipe: Recipe, fitted: dict[str, Fitted], digits: Dataset, tmp_path: Path
) -> None:
    publish(recipe, fitted[recipe.name], digits, seed=1, root=tmp_path)
    session = ort.InferenceSession(
        audit(entries(tmp_path)[0]).graph, providers=["CPUExecutionProvider"]
    )
    images = digits.test.images[:7]
    many = session.run(["probabilities"], {"images": images})[0]
    one = [session.run(["probabilities"], {"images": image[None]})[0][0] for image in images]
    np.testing.assert_allclose(many, one, atol=1e-6)
    np.testing.assert_allclose(many.sum(axis=1), 1, atol=1e-5)


def test_below_its_floor_nothing_is_written(
    fitted: dict[str, Fitted], digits: Dataset, tmp_path: Path
) -> None:
    recipe = replace(RECIPES[1], floors={"digits": 0.999})
    with pytest.raises(BelowFloorError, match=r"below its floor 0\.999"):
        publish(recipe, fitted[recipe.name], digits, seed=1, root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_parity_nothing_is_written(
    fitted: dict[str, Fitted], digits: Dataset, tmp_path: Path
) -> None:
    recipe = RECIPES[1]
    other = fitted["digits-random-forest"].scores
    with pytest.raises(ParityError, match=r"outputs differ from the fitted model's: \d+ of"):
        publish(recipe, replace(fitted[recipe.name], scores=other), digits, seed=1, root=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["digits-random-forest", "digits-perceptron", "digits-xgboost"])
def test_a_seed_gives_the_same_model(name: str, fitted: dict[str, Fitted], digits: Dataset) -> None:
    again = SMALL[name](digits)
    images = digits.test.images
    np.testing.assert_array_equal(again.scores(images), fitted[name].scores(images))


def test_the_perceptron_learns_only_from_mistakes() -> None:
    """Two images of disjoint ink: after one mistake each class owns its own pixels."""
    images = np.zeros((2, 28, 28), np.uint8)
    images[0, 0, 0] = images[1, 27, 27] = 255
    split = Split(images, np.array([3, 8]))
    data = Dataset("digits", split, split, split, {}, "two images")
    model = perceptron.train(data, seed=0, hyperparameters=perceptron.Hyperparameters(passes=20))
    assert model.scores(images).argmax(axis=1).tolist() == [3, 8]
    mistakes = model.notes["mistakes_per_pass"]
    assert mistakes[0] > 0
    # Separable, so the mistakes end (Novikoff, 1962).
    assert mistakes[-1] == 0


def test_the_lazy_average_is_the_average() -> None:
    """The u-trick against averaging the weights after every step, by definition."""
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 256, (30, 28, 28), np.uint8), rng.integers(0, 10, 30))
    data = Dataset("digits", split, split, split, {}, "noise")
    model = perceptron.train(data, seed=5, hyperparameters=perceptron.Hyperparameters(passes=3))
    x = np.hstack([split.images.reshape(30, -1) / 255, np.ones((30, 1))])
    w, total, steps = np.zeros((10, 785)), np.zeros((10, 785)), 0
    order = np.random.default_rng(5)
    for _ in range(3):
        for i in order.permutation(30):
            guess = (w @ x[i]).argmax()
            if guess != split.labels[i]:
                w[split.labels[i]] += x[i]
                w[guess] -= x[i]
            total += w
            steps += 1
    np.testing.assert_allclose(
        model.scores(split.images), x @ (total / (steps + 1)).T, rtol=1e-9, atol=1e-9
    )


def test_the_guides_network_is_the_documents() -> None:
    network = cnn.Guide().network()
    # conv 1*32*9+32, conv 32*64*9+64, dense 1600*64+64, dense 64*10+10
    assert sum(p.numel() for p in network.parameters()) == 320 + 18_496 + 102_464 + 650
    steps = loop._batches_per_epoch(54_000, cnn.Guide())
    assert steps == 422
