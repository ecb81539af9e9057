"""Every committed model version: safe, documented, and as good as it says."""

from __future__ import annotations

import functools

import numpy as np
import onnx
import pytest

from contract.auxiliary import read_explanation, read_strongest_images
from contract.batch import Batch
from contract.explanations import ATTRIBUTION, BASE, TARGET, VALUE, Explanation
from contract.records import CalibrationError, ClassificationMetrics, Parity
from contract.repository import Artifact, Entry, audit, entries, read_manifest
from service.inference.session import load
from service.settings import Settings
from tests.conftest import MODELS
from training.answers import run_graph
from training.datasets import Dataset
from training.export.packing import serialize
from training.recipes import RECIPES
from training.variants import agreement, cuda_variant

ENTRIES = entries(MODELS)
every_entry = pytest.mark.parametrize("entry", ENTRIES, ids=str)
# The forest's bar is 33 MB and its aim 12; the others are small.
LARGEST_BYTES = 12_000_000


@functools.cache
def artifact_of(entry: Entry) -> Artifact:
    return audit(entry)


def metrics_of(entry: Entry) -> ClassificationMetrics:
    metrics = artifact_of(entry).manifest.metrics
    assert isinstance(metrics, ClassificationMetrics)
    return metrics


every_variant = pytest.mark.parametrize(
    ("entry", "variant"),
    [
        (entry, variant)
        for entry in ENTRIES
        for variant in read_manifest(entry).files
        if variant in ("default", "cuda")
    ],
    ids=str,
)
every_explanation = pytest.mark.parametrize(
    ("entry", "explanation"),
    [(entry, one) for entry in ENTRIES for one in read_manifest(entry).explanations],
    ids=lambda value: value.method if isinstance(value, Explanation) else str(value),
)


def test_the_four_models_are_there() -> None:
    assert {entry.name for entry in ENTRIES} == {recipe.name for recipe in RECIPES}


@every_entry
def test_it_is_above_its_floor(entry: Entry) -> None:
    manifest = artifact_of(entry).manifest
    recipe = next(r for r in RECIPES if r.name == entry.name)
    assert metrics_of(entry).accuracy >= recipe.floors["mnist"]
    assert metrics_of(entry).samples == 10_000
    assert (manifest.algorithm, manifest.family) == (recipe.algorithm, recipe.family)


@every_entry
def test_its_parity_was_exact(entry: Entry) -> None:
    parity = artifact_of(entry).manifest.parity
    assert isinstance(parity, Parity)
    assert (parity.samples, parity.label_mismatches) == (10_000, 0)
    limit = 1e-4 if entry.name == "digits-cnn" else 1e-5
    assert parity.max_difference <= parity.tolerance <= limit


@every_entry
def test_calibration_helped(entry: Entry) -> None:
    error = metrics_of(entry).expected_calibration_error
    assert isinstance(error, CalibrationError)
    assert error.before is not None
    assert error.after <= error.before


@every_variant
def test_it_is_small(entry: Entry, variant: str) -> None:
    assert len(audit(entry, variant).graph) <= LARGEST_BYTES


@every_variant
def test_its_graph_is_what_onnx_calls_valid(entry: Entry, variant: str) -> None:
    graph = audit(entry, variant).graph
    model = onnx.load_from_string(graph)
    onnx.checker.check_model(model, full_check=True)
    assert len(serialize(model)) == len(graph)


@every_entry
def test_trees_have_a_variant_for_gpus(entry: Entry) -> None:
    artifact = artifact_of(entry)
    needed = cuda_variant(artifact.graph)
    assert ("cuda" in artifact.manifest.files) == (needed is not None)
    if needed is not None:
        assert audit(entry, "cuda").graph == needed
        golden, outputs = artifact.golden, artifact.manifest.outputs
        found = agreement(entry.name, needed, golden.inputs, golden.outputs, outputs)
        assert found.rows == 20


def test_the_variants_add_less_than_twelve_megabytes() -> None:
    files = [read_manifest(entry).files for entry in ENTRIES]
    assert sum(variants["cuda"].bytes for variants in files if "cuda" in variants) < 12_000_000


def test_every_model_explains_itself() -> None:
    methods = {entry.name: read_manifest(entry).explanations[0].method for entry in ENTRIES}
    assert methods == {
        "digits-cnn": "gradient",
        "digits-perceptron": "linear",
        "digits-random-forest": "path",
        "digits-xgboost": "path",
    }
    files = [
        read_manifest(entry).files[one.variant].bytes
        for entry in ENTRIES
        for one in read_manifest(entry).explanations
    ]
    assert sum(files) < 10_000_000


@pytest.mark.mnist
def test_the_images_that_excite_channels_are_the_training_set_s(mnist: Dataset) -> None:
    (entry,) = (entry for entry in ENTRIES if entry.name == "digits-cnn")
    found = read_strongest_images(entry, read_manifest(entry))
    assert found is not None
    training = np.concatenate([mnist.train.images, mnist.validation.images])
    np.testing.assert_array_equal(found.images, training[found.indices])


@pytest.mark.thorough
@every_explanation
def test_contributions_add_up_to_the_models_own_answer(
    entry: Entry, explanation: Explanation
) -> None:
    artifact = artifact_of(entry)
    graph = read_explanation(entry, artifact.manifest, explanation)
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)
    images = artifact.golden.inputs["images"]
    values = []
    for k in range(10):
        answers = run_graph(graph, Batch({"images": images, TARGET: np.full(len(images), k)}))
        change = answers[ATTRIBUTION].sum(axis=(1, 2))
        np.testing.assert_allclose(answers[BASE] + change, answers[VALUE], atol=1e-5)
        values.append(answers[VALUE])
    found = np.stack(values, axis=1)
    # Calibration and the link keep the order of the classes.
    probabilities = artifact.golden.outputs["probabilities"]
    np.testing.assert_array_equal(found.argmax(axis=1), probabilities.argmax(axis=1))


@every_entry
def test_explanations_are_better_than_chance(entry: Entry) -> None:
    found = read_manifest(entry).faithfulness
    own = read_manifest(entry).explanations[0].method
    assert [one.method for one in found] == [own, "shapley", "occlusion"]
    for one in found:
        assert one.samples == 500
        assert one.p_value < 0.01
        assert one.deletion < one.deletion_at_random
        assert one.insertion > one.insertion_at_random
        assert abs(one.similarity_to_randomised) < 0.5
        assert f"`{one.method}`" in (entry.path / "card.md").read_text()


@every_entry
def test_its_card_and_pictures_are_there(entry: Entry) -> None:
    card = (entry.path / "card.md").read_text()
    assert f"{metrics_of(entry).accuracy:.4f}" in card
    for picture in ("confusion.png", "learning_curve.png"):
        assert (entry.path / picture).stat().st_size > 1_000


@pytest.mark.mnist
@every_entry
def test_its_accuracy_is_what_it_says(entry: Entry, mnist: Dataset) -> None:
    session = load(entry, Settings(provider="cpu"))
    label = session.predict(Batch({"images": mnist.test.images}))["label"]
    assert float(np.mean(label == mnist.test.labels)) == metrics_of(entry).accuracy
