"""Models whose manifests say what training saw, and rows as training had them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from contract.batch import Batch
from contract.brightness import image_range
from contract.histogram import histogram_of, shares_of
from contract.records import ClassificationMetrics, ClassMetrics, Interval
from contract.seen import CategoryRange, NumberRange, Range
from contract.tensors import Input
from tests import graphs
from tests.repositories import IMAGES, LABEL, LABELS, PROBABILITIES, tiny_graph, write_model

TRAINED_ON = 4000
TOWNS = ("Oslo", "Bergen", "Moss")


def rows(n: int, seed: int, **shift: float) -> Batch:
    """Rows of `loans`: as in training, or shifted."""
    rng = np.random.default_rng(seed)
    age = rng.normal(45 + shift.get("age", 0), 12, n).astype(np.float32)
    income = rng.lognormal(7, 0.4, n).astype(np.float32)
    income[rng.random(n) < shift.get("missing", 0.02)] = np.nan
    towns = rng.choice(np.array([*TOWNS, "Paris"], object), n, p=_towns(shift.get("unseen", 0)))
    towns[rng.random(n) < 0.05] = ""
    return Batch({"age": age[:, None], "income": income[:, None], "town": towns[:, None]})


def _towns(unseen: float) -> list[float]:
    return [0.6 - unseen / 2, 0.3 - unseen / 2, 0.1, unseen]


def instances(batch: Batch) -> list[dict[str, Any]]:
    """Rows as `/predict` takes them."""
    columns = {name: array[:, 0].tolist() for name, array in batch.arrays.items()}
    found = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [{k: v if v == v and v != "" else None for k, v in row.items()} for row in found]


def loans_model(root: Path, name: str = "loans", **changes: Any) -> Path:
    """A classifier of a table, with everything a manifest can say of its training."""
    trained = rows(TRAINED_ON, seed=0)
    graph = graphs.table_graph()
    outputs = graphs.TABLE_OUTPUTS
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    labels, probabilities = session.run([o.name for o in outputs], dict(trained.arrays))
    fields: dict[str, Any] = {
        "title": "Loans with drift",
        "labels": graphs.TABLE_LABELS,
        "metrics": _metrics(graphs.TABLE_LABELS, labels, probabilities.max(axis=1)),
    }
    inputs = tuple(_with_seen(tensor, trained) for tensor in graphs.TABLE_INPUTS)
    samples = trained.slice(0, 3)
    return write_model(root, name, graph, inputs, outputs, samples, **(fields | changes))


def _metrics(
    labels: tuple[str, ...], answered: Any, confidence: np.ndarray[Any, Any] | None
) -> ClassificationMetrics:
    """Of a model that is always right."""
    counts = [int((answered == label).sum()) for label in labels]
    return ClassificationMetrics(
        task="classification",
        samples=len(answered),
        accuracy=1.0,
        accuracy_interval=Interval(low=0.9, high=1, level=0.95, method="wilson"),
        per_class=tuple(
            ClassMetrics(label=label, support=n, precision=float(n > 0), recall=float(n > 0))
            for label, n in zip(labels, counts, strict=True)
        ),
        confidence=None if confidence is None else histogram_of(confidence),
    )


def _with_seen(tensor: Input, trained: Batch) -> Input:
    values = trained[tensor.name][:, 0]
    seen: NumberRange | CategoryRange
    if tensor.content == "number":
        present = values[np.isfinite(values)]
        seen = NumberRange(
            content="number",
            range=Range(low=float(present.min()), high=float(present.max())),
            missing=1 - len(present) / len(values),
            histogram=histogram_of(present),
        )
    else:
        categories, counts = np.unique(values[values != ""], return_counts=True)
        seen = CategoryRange(
            content="category",
            categories=tuple(categories.tolist()),
            missing=float((values == "").mean()),
            **shares_of(counts),
        )
    return tensor.model_copy(update={"seen": (seen,)})


def pictures(n: int, seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Light strokes on a dark ground [n, 28, 28]."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, 28, 28), np.uint8)
    ink = rng.integers(150, 256, (n, 16, 16))
    images[:, 6:22, 6:22] = np.where(rng.random((n, 16, 16)) < 0.4, ink, 0)
    return images


def pictures_model(root: Path, name: str = "strokes", **changes: Any) -> Path:
    """A classifier of images that knows how bright training's were."""
    trained = pictures(2000, seed=0)
    graph = tiny_graph().SerializeToString()
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    labels, probabilities = session.run(["label", "probabilities"], {"images": trained})
    names = np.array(LABELS)[labels]
    tensor = IMAGES.model_copy(update={"seen": (image_range(trained),)})
    fields: dict[str, Any] = {
        "title": "Strokes with drift",
        "labels": LABELS,
        "metrics": _metrics(LABELS, names, probabilities.max(axis=1)),
    }
    samples = Batch({"images": trained[:3]})
    outputs = (LABEL, PROBABILITIES)
    return write_model(root, name, graph, (tensor,), outputs, samples, **(fields | changes))
