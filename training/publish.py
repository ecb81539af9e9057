"""From a fitted model to a version in the model repository.

Fitted model -> temperature -> ONNX graph -> parity -> metrics -> floor -> variant for GPUs ->
golden -> manifest, card and plots -> repository. Nothing is written unless every step succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.answers import compare
from contract.batch import Batch
from contract.brightness import image_range
from contract.golden import GoldenSamples
from contract.histogram import histogram_of
from contract.manifest import MANIFEST_VERSION, Golden, Manifest
from contract.records import (
    CalibrationError,
    ClassificationMetrics,
    DataRecord,
    Parity,
    TrainingRecord,
)
from contract.repository import check_graph, record_of, write
from contract.tensors import Input, Output
from training import metrics, plots, provenance
from training.answers import run_graph
from training.calibration import fit_temperature, log_loss, probabilities
from training.card import CONFUSION, LEARNING_CURVE, card
from training.datasets import Dataset, Split
from training.errors import BelowFloorError, ParityError
from training.export.envelope import logits_of, wrap
from training.export.packing import serialize
from training.fitted import Fitted
from training.recipes import Recipe
from training.variants import CUDA_FILE, agreement, cuda_variant

GOLDEN_PER_CLASS = 2
# A confusion matrix of more classes is unreadable.
MOST_SHOWN = 20
# CPUs and GPUs sum in different orders, and TF32 convolutions have ten bits of mantissa.
GOLDEN_TOLERANCE = 1e-3


@dataclass(frozen=True)
class _Exported:
    """The exported graph and its outputs on the test set."""

    graph: bytes
    temperature: float
    answers: Batch
    parity: Parity


def publish(
    recipe: Recipe, fitted: Fitted, data: Dataset, *, seed: int, root: Path, version: str = "1"
) -> Manifest:
    """Export, check, describe and write one model version.

    Raises:
        ParityError: the outputs of the graph differ from the fitted model's, or those of its
            variant differ from the graph's.
        BelowFloorError: the test accuracy is below the recipe's floor for this data set, if it
            has one.
    """
    scores = fitted.scores(data.test.images)
    exported = _export(recipe, fitted, data, scores)
    measured = _metrics(fitted, exported, scores, data)
    floor = recipe.floors.get(data.name)
    if floor is not None and measured.accuracy < floor:
        raise BelowFloorError(
            f"{recipe.name}: test accuracy {measured.accuracy:.4f} is below its floor {floor}; "
            "nothing was written"
        )
    graphs = _graphs(recipe, exported, data)
    golden = _golden(exported.answers, data.test)
    inputs, outputs = (input_of(data),), outputs_of(data.labels)
    golden_bytes = golden.to_bytes()
    manifest = Manifest(
        manifest_version=MANIFEST_VERSION,
        name=recipe.name,
        version=version,
        title=recipe.title,
        algorithm=recipe.algorithm,
        family=recipe.family,
        task="classification",
        platform="onnxruntime_onnx",
        inputs=inputs,
        outputs=outputs,
        labels=data.labels,
        files={variant: record_of(*graph) for variant, graph in graphs.items()},
        golden=Golden(
            **record_of("golden.npz", golden_bytes).model_dump(),
            samples=len(golden.inputs),
            tolerance=GOLDEN_TOLERANCE,
        ),
        metrics=measured,
        parity=exported.parity,
        training=_training(fitted, exported, data, seed),
        created=datetime.now(UTC).replace(microsecond=0),
    )
    for _, graph in graphs.values():
        check_graph(graph, manifest)
    beside = {**_plots(recipe, fitted, exported, data), **fitted.attachments}
    files = {
        **dict(graphs.values()),
        "golden.npz": golden_bytes,
        "card.md": card(manifest, floor, tuple(beside)).encode(),
        **beside,
    }
    write(root, manifest, files)
    return manifest


def input_of(data: Dataset) -> Input:
    """The input of every graph that `wrap` makes, with what training saw of it."""
    seen = image_range(np.concatenate([data.train.images, data.validation.images]))
    return Input(
        name="images",
        datatype="UINT8",
        shape=(-1, 28, 28),
        content="image",
        layout="HW",
        seen=(seen,),
    )


def outputs_of(labels: tuple[str, ...]) -> tuple[Output, ...]:
    """The outputs of every graph that `wrap` makes."""
    label = Output(name="label", datatype="INT64", shape=(-1,), role="label", encoding="index")
    probabilities = Output(
        name="probabilities", datatype="FP32", shape=(-1, len(labels)), role="probabilities"
    )
    return label, probabilities


def _export(
    recipe: Recipe, fitted: Fitted, data: Dataset, scores: NDArray[np.float64]
) -> _Exported:
    logits = logits_of(fitted.validation_scores, fitted.link)
    temperature = fit_temperature(logits, data.validation.labels)
    model = wrap(
        fitted.core,
        n_classes=len(data.labels),
        link=fitted.link,
        temperature=temperature,
        name=recipe.name,
    )
    graph = serialize(model)
    answers = run_graph(graph, Batch({"images": data.test.images}))
    expected = {
        "label": scores.argmax(axis=1),
        "probabilities": probabilities(logits_of(scores, fitted.link), temperature),
    }
    difference = compare(Batch(expected), answers, outputs_of(data.labels))
    if not difference.within(fitted.parity_tolerance):
        raise ParityError(
            f"{recipe.name}: the graph's outputs differ from the fitted model's: {difference} "
            f"(limit {fitted.parity_tolerance:g}); nothing was written"
        )
    parity = Parity(
        samples=difference.rows,
        label_mismatches=difference.label_mismatches,
        max_difference=difference.max_difference,
        tolerance=fitted.parity_tolerance,
    )
    return _Exported(graph, temperature, answers, parity)


def _graphs(recipe: Recipe, exported: _Exported, data: Dataset) -> dict[str, tuple[str, bytes]]:
    """File name and bytes of every variant; `cuda` only if the graph needs its own variant."""
    graphs = {"default": ("model.onnx", exported.graph)}
    if variant := cuda_variant(exported.graph):
        # The variant sums in double precision; the graph's own single-precision sums may deviate
        # from exact ones by the tolerance of its parity.
        limit = exported.parity.tolerance
        images = Batch({"images": data.test.images})
        agreement(recipe.name, variant, images, exported.answers, outputs_of(data.labels), limit)
        graphs["cuda"] = (CUDA_FILE, variant)
    return graphs


def _plots(recipe: Recipe, fitted: Fitted, exported: _Exported, data: Dataset) -> dict[str, bytes]:
    """The pictures of the card by file name."""
    found = {LEARNING_CURVE: plots.learning_curve(recipe.title, fitted.curve)}
    if len(data.labels) <= MOST_SHOWN:
        labels, truth = exported.answers["label"], data.test.labels
        found[CONFUSION] = plots.confusion(labels, truth, data.labels)
    return found


def _metrics(
    fitted: Fitted, exported: _Exported, scores: NDArray[np.float64], data: Dataset
) -> ClassificationMetrics:
    truth = data.test.labels
    raw = scores if fitted.link == "log" else probabilities(scores)
    right = int(np.sum(exported.answers["label"] == truth))
    return ClassificationMetrics(
        task="classification",
        samples=len(truth),
        accuracy=right / len(truth),
        accuracy_interval=metrics.wilson(right, len(truth)),
        validation_accuracy=metrics.accuracy(
            fitted.validation_scores.argmax(axis=1), data.validation.labels
        ),
        per_class=metrics.per_class(exported.answers["label"], truth, data.labels),
        expected_calibration_error=CalibrationError(
            before=metrics.expected_calibration_error(raw, truth),
            after=metrics.expected_calibration_error(exported.answers["probabilities"], truth),
            bins=metrics.BINS,
        ),
        log_loss=log_loss(logits_of(scores, fitted.link) / exported.temperature, truth),
        confidence=histogram_of(exported.answers["probabilities"].max(axis=1)),
    )


def _golden(answers: Batch, test: Split) -> GoldenSamples:
    """The first test images of each class, with the graph's outputs."""
    chosen = np.concatenate(
        [np.flatnonzero(test.labels == k)[:GOLDEN_PER_CLASS] for k in np.unique(test.labels)]
    )
    return GoldenSamples(Batch({"images": test.images[chosen]}), answers.take(chosen))


def _training(fitted: Fitted, exported: _Exported, data: Dataset, seed: int) -> TrainingRecord:
    rivals = {
        f"test_accuracy_of_{name}": metrics.accuracy(
            scorer(data.test.images).argmax(axis=1), data.test.labels
        )
        for name, scorer in fitted.rivals.items()
    }
    refitted = "; refitted on both after every choice was made" if fitted.refit else ""
    return TrainingRecord(
        data=DataRecord(
            name=data.name,
            sha256=data.sha256,
            train=fitted.train_samples,
            validation=len(data.validation),
            test=len(data.test),
            split=data.split + refitted,
        ),
        seed=seed,
        hyperparameters=fitted.hyperparameters,
        seconds=round(fitted.seconds, 2),
        hardware=f"{provenance.processor()}, {fitted.device}",
        libraries=provenance.libraries(fitted.libraries),
        commit=provenance.commit(),
        notes={**fitted.notes, **rivals, "temperature": exported.temperature},
        source=fitted.source,
    )
