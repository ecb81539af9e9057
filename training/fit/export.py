"""A fitted candidate -> its graph, its answers, and the proof that both agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from contract.answers import Difference, compare
from contract.batch import Array, Batch
from contract.explanations import Explanation
from contract.golden import GoldenSamples
from contract.records import Parity
from contract.tensors import Input, Output
from training.answers import run_graph
from training.errors import ParityError
from training.export.graph import Graph, tensor
from training.export.packing import serialize
from training.fit.candidate import Scores
from training.fit.comparison import Entrant
from training.fit.explanations import explanations_of
from training.fit.predictor import level_of
from training.fit.problem import Problem, Tensors
from training.fit.splits import Split
from training.importing.golden import golden_rows

TOLERANCE = 1e-5
# Relative error of an answer that passes through a few float32 operations of its own size.
ROUNDING = 2.0**-21


@dataclass(frozen=True, eq=False)
class Exported:
    """A candidate's graph, with the answers that it gave to the test rows of the first split.

    explanations: graphs, the default first. unexplained: methods whose graph was wrong, and why.
    """

    graph: bytes
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    answers: Batch
    parity: Parity
    golden: GoldenSamples
    explanations: tuple[tuple[Explanation, bytes], ...]
    unexplained: dict[str, str]


def export(problem: Problem, entrant: Entrant, split: Split) -> Exported:
    """Write the graph and check it over the test rows, and over rows that are hard.

    Raises:
        ParityError: an answer differs from that of the fitted model.
    """
    training = problem.rows.take(np.concatenate([split.train, split.validation]))
    tensors = problem.kind.tensors(training)
    outputs = outputs_of(problem, split)
    graph = serialize(_model(problem, entrant, tensors, outputs))
    test = problem.rows.take(split.test)
    probes = problem.kind.probes(test)
    asked = [tensors.batch(rows) for rows in (test, probes)]
    answers = [run_graph(graph, batch) for batch in asked]
    compared = [
        _agreement(entrant, problem, outputs, rows, given)
        for rows, given in zip((test, probes), answers, strict=True)
    ]
    parity = Parity(
        samples=sum(one.rows for one in compared),
        label_mismatches=0,
        max_difference=max(one.max_difference for one in compared),
        tolerance=TOLERANCE,
    )
    golden = _golden(problem, Batch.join(asked), Batch.join(answers))
    explained = explanations_of(problem, entrant, tensors, test)
    return Exported(graph, tensors.specs(), outputs, answers[0], parity, golden, *explained)


def outputs_of(problem: Problem, split: Split) -> tuple[Output, ...]:
    """The outputs of every graph of a problem."""
    if problem.task == "regression":
        level = level_of(len(split.validation))
        return (
            Output(name="value", datatype="FP32", shape=(-1,), role="value"),
            Output(name="interval", datatype="FP32", shape=(-1, 2), role="interval", level=level),
        )
    k = len(problem.labels)
    return (
        Output(name="label", datatype="INT64", shape=(-1,), role="label", encoding="index"),
        Output(name="probabilities", datatype="FP32", shape=(-1, k), role="probabilities"),
    )


def _model(
    problem: Problem, entrant: Entrant, tensors: Tensors, outputs: tuple[Output, ...]
) -> onnx.ModelProto:
    graph = Graph()
    answers = entrant.model.write(graph, tensors.features(graph))
    if problem.task == "regression":
        _write_regression(graph, answers, entrant.half_width or 0.0)
    else:
        graph.add("Identity", answers, output="probabilities")
        graph.add("ArgMax", answers, output="label", axis=1, keepdims=0)
    declared = [tensor(o.name, o.datatype, o.row) for o in outputs]
    return graph.model(entrant.name, tensors.values(), declared)


def _write_regression(graph: Graph, values: str, half_width: float) -> None:
    axis = graph.constant(np.array([1], np.int64))
    graph.add("Squeeze", values, axis, output="value")
    reach = graph.constant(np.array([[-half_width, half_width]], np.float32))
    graph.add("Add", values, reach, output="interval")


def _agreement(
    entrant: Entrant,
    problem: Problem,
    outputs: tuple[Output, ...],
    rows: Any,
    answers: Batch,
) -> Difference:
    expected = Batch(_expected(entrant, problem, entrant.model.predict(rows), answers))
    found = compare(expected, answers, outputs)
    if not found.within(TOLERANCE):
        raise ParityError(
            f"{entrant.name}: the graph's answers differ from the fitted model's: {found} (limit "
            f"{TOLERANCE:g}); nothing was written for it"
        )
    if problem.task == "regression":
        _check_spread(entrant, expected["value"], answers["value"], float(np.std(problem.target)))
    return found


def _check_spread(entrant: Entrant, expected: Array, actual: Array, spread: float) -> None:
    """Refuse values that differ by more than rounding and `TOLERANCE` of the target's spread.

    `compare` is absolute below 1 and relative above, so it says nothing of a target of millionths,
    or of one that varies by 1 around a million.

    Raises:
        ParityError: they do.
    """
    a, b = expected.astype(np.float64), actual.astype(np.float64)
    beyond = np.abs(a - b) - ROUNDING * np.abs(a) - TOLERANCE * spread
    if (worst := int(np.argmax(beyond))) >= 0 and beyond[worst] > 0:
        raise ParityError(
            f"{entrant.name}: the graph's answer {b[worst]:.9g} differs from the fitted model's "
            f"{a[worst]:.9g} by more than {TOLERANCE:g} of the target's spread {spread:.3g}; "
            "nothing was written for it"
        )


def _expected(
    entrant: Entrant, problem: Problem, predictions: Scores, answers: Batch
) -> Mapping[str, Array]:
    if problem.task == "classification":
        # Of classes that are equally likely but for rounding, either is right.
        given = answers["label"]
        own = predictions[np.arange(len(given)), given]
        tied = predictions.max(axis=1) - own <= TOLERANCE
        labels = np.where(tied, given, predictions.argmax(axis=1))
        return {"label": labels, "probabilities": predictions}
    values, width = predictions[:, 0], entrant.half_width or 0.0
    return {"value": values, "interval": np.stack([values - width, values + width], axis=1)}


def _golden(problem: Problem, batch: Batch, answers: Batch) -> GoldenSamples:
    """Samples of each class, with gaps, and others evenly spread."""
    classes = answers["label"] if problem.labels else None
    rows = golden_rows(batch, classes)
    return GoldenSamples(batch.take(rows), answers.take(rows))
