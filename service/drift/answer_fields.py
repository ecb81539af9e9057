"""The fields of a model's answers, from what its manifest says of its answers to test data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from contract.histogram import Histogram
from contract.manifest import Manifest
from contract.records import ClassificationMetrics, RegressionMetrics
from service.drift.fields import MOST_CATEGORIES, CategoryField, Field, NumberField

_TENTHS = tuple(i / 10 for i in range(1, 10))


def fields_of_answers(manifest: Manifest) -> list[Field]:
    """The label and its confidence, or the predicted value; none of other tasks."""
    metrics = manifest.metrics
    if manifest.task == "classification":
        measured = metrics if isinstance(metrics, ClassificationMetrics) else None
        label = _of_labels(manifest.labels, measured)
        if manifest.output("probabilities") is None:
            return [label]
        histogram = measured.confidence if measured else None
        return [label, _of_answers("confidence", histogram, _TENTHS, averaged=True)]
    output = manifest.output("value")
    if output is None or output.row_size != 1:
        return []
    histogram = metrics.answers if isinstance(metrics, RegressionMetrics) else None
    return [_of_answers("value", histogram, (), averaged=False)]


def _of_answers(
    name: Literal["confidence", "value"],
    histogram: Histogram | None,
    edges: tuple[float, ...],
    *,
    averaged: bool,
) -> NumberField:
    unknown = () if histogram else (f"the manifest has no histogram of the {name} on test data",)
    return NumberField(
        name,
        name,
        histogram=histogram,
        edges=histogram.edges if histogram else edges,
        averaged=averaged,
        unknown=unknown,
    )


def _of_labels(labels: Sequence[str], metrics: ClassificationMetrics | None) -> CategoryField:
    answered = None if metrics is None else answers_on_test(metrics)
    if answered is None:
        ranked, counts = list(labels), []
        reference: tuple[float, ...] = ()
        unknown: tuple[str, ...] = (
            "the manifest does not tell how often each class was answered on test data",
        )
    else:
        order = np.argsort(-np.array(answered), kind="stable").tolist()
        ranked, counts = [labels[i] for i in order], [answered[i] for i in order]
        reference = (*counts[:MOST_CATEGORIES], sum(counts[MOST_CATEGORIES:]))
        unknown = ()
    return CategoryField(
        "label",
        "label",
        tuple(ranked[:MOST_CATEGORIES]),
        {label: min(i, MOST_CATEGORIES) for i, label in enumerate(ranked)},
        reference=tuple(reference),
        unknown=unknown,
    )


def answers_on_test(metrics: ClassificationMetrics) -> list[float] | None:
    """How often a model answered each class on its test data.

    A class was answered `support * recall / precision` times. Answers are compared with answers:
    their shares differ from those of the true classes wherever a model is wrong.

    Returns:
        None if several classes were never answered rightly: then they cannot be told apart.
    """
    counts = [
        one.support * one.recall / one.precision if one.precision else None
        for one in metrics.per_class
    ]
    lost = [i for i, count in enumerate(counts) if count is None]
    if len(lost) > 1:
        left = metrics.samples - sum(count for count in counts if count is not None)
        if round(left) > 0:
            return None
    rest = metrics.samples - sum(count or 0.0 for count in counts)
    return [max(0.0, rest) if count is None else count for count in counts]
