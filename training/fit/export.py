"""A fitted candidate -> its graph, its answers, and the proof that both agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from contract.answers import Difference, compare
from contract.batch import Array, Batch
from contract.golden import GoldenSamples
from contract.records import Parity
from contract.tensors import Input, Output
from training.answers import run_graph
from training.errors import ParityError
from training.export.packing import serialize
from training.fit.candidates.base import Scores
from training.fit.candidates.calibrated import LEVEL
from training.fit.comparison import Entrant
from training.fit.encoding import Columns, Rows
from training.fit.graph import Graph, tensor
from training.fit.inputs import Features, InputTensors
from training.fit.problem import Problem
from training.fit.splits import Split
from training.importing.golden import golden_rows

TOLERANCE = 1e-5
# Rows of the test set that are asked again with each column missing in turn, and unseen.
PROBES = 40


@dataclass(frozen=True, eq=False)
class Exported:
    """A candidate's graph, with the answers that it gave to the test rows of the first split."""

    graph: bytes
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    answers: Batch
    parity: Parity
    golden: GoldenSamples


def export(problem: Problem, entrant: Entrant, split: Split) -> Exported:
    """Write the graph and check it over the test rows, and over rows with gaps and new categories.

    Raises:
        ParityError: an answer differs from that of the fitted model.
    """
    training = problem.columns.take(np.concatenate([split.train, split.validation]))
    tensors = InputTensors(training)
    graph = serialize(_model(problem, entrant, tensors, training))
    test = problem.columns.take(split.test)
    probes = with_gaps(test)
    answers = run_graph(graph, tensors.batch(test))
    outputs = outputs_of(problem)
    compared = [
        _agreement(entrant, problem, outputs, rows, given)
        for rows, given in ((test, answers), (probes, run_graph(graph, tensors.batch(probes))))
    ]
    parity = Parity(
        samples=sum(one.rows for one in compared),
        label_mismatches=0,
        max_difference=max(one.max_difference for one in compared),
        tolerance=TOLERANCE,
    )
    golden = _golden(problem, tensors.batch(joined_rows(test, probes)), graph)
    return Exported(graph, tensors.specs(), outputs, answers, parity, golden)


def outputs_of(problem: Problem) -> tuple[Output, ...]:
    """The outputs of every graph of a problem."""
    if problem.task == "regression":
        return (
            Output(name="value", datatype="FP32", shape=(-1,), role="value"),
            Output(name="interval", datatype="FP32", shape=(-1, 2), role="interval", level=LEVEL),
        )
    k = len(problem.labels)
    return (
        Output(name="label", datatype="INT64", shape=(-1,), role="label", encoding="index"),
        Output(name="probabilities", datatype="FP32", shape=(-1, k), role="probabilities"),
    )


def with_gaps(columns: Columns) -> Columns:
    """Rows with each column missing in turn, with all missing, and with categories not seen."""
    some = columns.take(np.arange(min(PROBES, len(columns))))
    parts = []
    for i in range(some.numbers.shape[1]):
        numbers = some.numbers.copy()
        numbers[:, i] = np.nan
        parts.append((numbers, some.codes))
    for i in range(some.codes.shape[1]):
        for code in (-1, len(some.categories[i]) - 1):
            codes = some.codes.copy()
            codes[:, i] = code
            parts.append((some.numbers, codes))
    parts.append((np.full_like(some.numbers[:1], np.nan), np.full_like(some.codes[:1], -1)))
    return Columns(
        some.number_names,
        np.concatenate([numbers for numbers, _ in parts]),
        some.category_names,
        np.concatenate([codes for _, codes in parts]),
        some.categories,
    )


def joined_rows(one: Columns, other: Columns) -> Columns:
    """The rows of both, of the same table."""
    return Columns(
        one.number_names,
        np.concatenate([one.numbers, other.numbers]),
        one.category_names,
        np.concatenate([one.codes, other.codes]),
        one.categories,
    )


def _model(
    problem: Problem, entrant: Entrant, tensors: InputTensors, columns: Columns
) -> onnx.ModelProto:
    graph = Graph()
    features = Features(graph, tensors, columns)
    answers = entrant.model.write(graph, features)
    if problem.task == "regression":
        _write_regression(graph, answers, entrant.half_width or 0.0)
    else:
        graph.add("Identity", answers, output="probabilities")
        graph.add("ArgMax", answers, output="label", axis=1, keepdims=0)
    declared = [tensor(o.name, o.datatype, o.row) for o in outputs_of(problem)]
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
    rows: Columns,
    answers: Batch,
) -> Difference:
    expected = Batch(_expected(entrant, problem, entrant.model.predict(rows)))
    found = compare(expected, answers, outputs)
    if not found.within(TOLERANCE):
        raise ParityError(
            f"{entrant.name}: the graph's answers differ from the fitted model's: {found} (limit "
            f"{TOLERANCE:g}); nothing was written for it"
        )
    return found


def _expected(entrant: Entrant, problem: Problem, predictions: Scores) -> Mapping[str, Array]:
    if problem.task == "classification":
        return {"label": predictions.argmax(axis=1), "probabilities": predictions}
    values, width = predictions[:, 0], entrant.half_width or 0.0
    return {"value": values, "interval": np.stack([values - width, values + width], axis=1)}


def _golden(problem: Problem, batch: Batch, graph: bytes) -> GoldenSamples:
    """Samples of each class, with gaps, and others evenly spread."""
    answers = run_graph(graph, batch)
    classes = answers["label"] if problem.labels else None
    rows: Rows = golden_rows(batch, classes)
    return GoldenSamples(batch.take(rows), answers.take(rows))
