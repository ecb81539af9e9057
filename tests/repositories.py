"""Model repositories of tiny graphs, made in the test that uses them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from contract.batch import Batch
from contract.golden import GoldenSamples
from contract.manifest import MANIFEST_VERSION, Golden, Manifest
from contract.records import (
    CalibrationError,
    ClassificationMetrics,
    ClassMetrics,
    DataRecord,
    Interval,
    Parity,
    TrainingRecord,
)
from contract.repository import record_of, write
from contract.tensors import Input, Output
from tests import graphs
from training.export.envelope import wrap
from training.export.linear import linear_graph

LABELS = tuple("0123456789")
IMAGES = Input(name="images", datatype="UINT8", shape=(-1, 28, 28), content="image", layout="HW")
LABEL = Output(name="label", datatype="INT64", shape=(-1,), role="label", encoding="index")
PROBABILITIES = Output(name="probabilities", datatype="FP32", shape=(-1, 10), role="probabilities")


def tiny_graph(seed: int = 0) -> onnx.ModelProto:
    """A linear model with random weights, in the envelope every model has."""
    rng = np.random.default_rng(seed)
    core = linear_graph(rng.normal(size=(784, 10)) / 255, rng.normal(size=10))
    return wrap(core, n_classes=10, link="identity", temperature=2.0, name="tiny")


def manifest_of(
    name: str, version: str, graph: bytes, golden: bytes, /, **changes: Any
) -> Manifest:
    """A valid manifest of a tiny model; `changes` replace fields."""
    fields: dict[str, Any] = {
        "manifest_version": MANIFEST_VERSION,
        "name": name,
        "version": version,
        "title": "A tiny linear model",
        "algorithm": "perceptron",
        "family": "classical_ml",
        "task": "classification",
        "platform": "onnxruntime_onnx",
        "inputs": (IMAGES,),
        "outputs": (LABEL, PROBABILITIES),
        "labels": LABELS,
        "files": {"default": record_of("model.onnx", graph)},
        "golden": Golden(**record_of("golden.npz", golden).model_dump(), samples=3, tolerance=1e-4),
        "metrics": ClassificationMetrics(
            task="classification",
            samples=10,
            accuracy=0.5,
            accuracy_interval=Interval(low=0.2, high=0.8, level=0.95, method="wilson"),
            validation_accuracy=0.5,
            per_class=tuple(
                ClassMetrics(label=label, support=1, precision=0.5, recall=0.5) for label in LABELS
            ),
            expected_calibration_error=CalibrationError(before=0.2, after=0.1, bins=15),
            log_loss=1.0,
        ),
        "parity": Parity(samples=10, label_mismatches=0, max_difference=0.0, tolerance=1e-5),
        "training": TrainingRecord(
            data=DataRecord(name="none", sha256={}, train=1, validation=0, test=1, split="none"),
            seed=0,
            hyperparameters={},
            seconds=0.0,
            hardware="none",
            libraries={},
            commit="unknown",
        ),
        "created": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Manifest(**(fields | changes))


def untrained_manifest(name: str, graph: bytes, golden: bytes, /, **changes: Any) -> Manifest:
    """A manifest without algorithm, metrics, parity and training, as of a model from elsewhere."""
    absent = ("algorithm", "family", "metrics", "parity", "training")
    return manifest_of(name, "1", graph, golden, **(dict.fromkeys(absent) | changes))


def write_model(
    root: Path,
    name: str,
    graph: bytes,
    inputs: tuple[Input, ...],
    outputs: tuple[Output, ...],
    samples: Batch,
    **changes: Any,
) -> Path:
    """Write a model from elsewhere whose golden answers are its own; return its directory."""
    golden = golden_of(graph, samples)
    recorded = record_of("golden.npz", golden).model_dump()
    manifest = untrained_manifest(
        name,
        graph,
        golden,
        inputs=inputs,
        outputs=outputs,
        golden=Golden(**recorded, samples=len(samples), tolerance=1e-4),
        **changes,
    )
    return write(root, manifest, {"model.onnx": graph, "golden.npz": golden}).path


def golden_of(graph: bytes, samples: Batch) -> bytes:
    """Golden samples with the graph's own answers."""
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = session.run(names, dict(samples.arrays))
    outputs = Batch(dict(zip(names, answers, strict=True)))
    return GoldenSamples(samples, outputs).to_bytes()


def tiny_model(root: Path, name: str, version: str = "1", seed: int = 0) -> Path:
    """Write one tiny model and return its directory."""
    graph = tiny_graph(seed).SerializeToString()
    images = np.random.default_rng(seed).integers(0, 256, (3, 28, 28), np.uint8)
    golden = golden_of(graph, Batch({"images": images}))
    manifest = manifest_of(name, version, graph, golden)
    return write(root, manifest, {"model.onnx": graph, "golden.npz": golden}).path


def write_rollout(root: Path, name: str, mode: str = "shadow", **fields: Any) -> Path:
    """Write a model's rollout.json, of version 2 beside version 1; return its path."""
    document = {"rollout_version": 1, "mode": mode, "stable": "1", "candidate": "2", **fields}
    path = root / name / "rollout.json"
    path.write_text(json.dumps(document))
    return path


def tiny_repository(root: Path) -> Path:
    """Two tiny models: `alpha` in one version, `beta` in versions 2 and 10."""
    tiny_model(root, "alpha", "1", seed=1)
    tiny_model(root, "beta", "2", seed=2)
    tiny_model(root, "beta", "10", seed=3)
    return root


def table_model(root: Path, name: str = "loans", **changes: Any) -> Path:
    """A classifier of columns of numbers and of text."""
    samples = Batch(
        {
            "age": np.array([[25], [70], [np.nan]], np.float32),
            "income": np.array([[500], [2000], [np.nan]], np.float32),
            "town": np.array([["Oslo"], ["Bergen"], [""]], object),
        }
    )
    fields = {"title": "Tiny loans", "labels": graphs.TABLE_LABELS} | changes
    return write_model(
        root, name, graphs.table_graph(), graphs.TABLE_INPUTS, graphs.TABLE_OUTPUTS, samples,
        **fields,
    )  # fmt: skip


def regression_model(root: Path, name: str = "prices", **changes: Any) -> Path:
    """A regression over one tensor of three columns, with an interval."""
    samples = Batch({"features": np.arange(9, dtype=np.float32).reshape(3, 3)})
    fields = {"title": "Tiny prices", "task": "regression", "labels": ()} | changes
    return write_model(
        root, name, graphs.regression_graph(), graphs.REGRESSION_INPUTS,
        graphs.REGRESSION_OUTPUTS, samples, **fields,
    )  # fmt: skip


def other_model(root: Path, name: str = "sums") -> Path:
    """A model over a plain array, which neither classifies nor predicts a value."""
    samples = Batch({"signal": np.arange(12, dtype=np.float64).reshape(3, 2, 2)})
    return write_model(
        root, name, graphs.other_graph(), graphs.OTHER_INPUTS, graphs.OTHER_OUTPUTS, samples,
        title="Tiny sums", task="other", labels=(),
    )  # fmt: skip


def image_model(
    root: Path,
    name: str,
    height: int,
    width: int,
    labels: tuple[str, ...],
    seed: int = 0,
    version: str = "1",
) -> Path:
    """A classifier of grey images of some size."""
    images, outputs = graphs.image_specs(height, width, len(labels))
    samples = np.random.default_rng(seed).integers(0, 256, (3, height, width), np.uint8)
    return write_model(
        root, name, graphs.image_graph(height, width, len(labels), seed), (images,), outputs,
        Batch({"images": samples}), title="Tiny images", labels=labels, version=version,
    )  # fmt: skip


def faulty_image_model(root: Path, name: str, kind: str, labels: tuple[str, ...]) -> Path:
    """Version 2 of an `image_model` of 28 x 28 pixels, with a fault; see `faulty_image_graph`."""
    images, outputs = graphs.image_specs(28, 28, len(labels))
    return write_model(
        root, name, graphs.faulty_image_graph(kind, 28, len(labels)), (images,), outputs,
        Batch({"images": np.zeros((2, 28, 28), np.uint8)}), title="A bad candidate",
        labels=labels, version="2",
    )  # fmt: skip
