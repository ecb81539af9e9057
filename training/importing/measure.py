"""Metrics of a model from elsewhere against true answers among the samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from contract.batch import Batch
from contract.histogram import histogram_of
from contract.records import CalibrationError, ClassificationMetrics, Metrics, RegressionMetrics
from contract.tensors import Output
from training import metrics
from training.errors import ImportModelError
from training.importing.classes import as_names, indexes_of
from training.importing.encoding import class_indexes
from training.importing.outputs import Meaning
from training.importing.tables import Samples

# A probability of 0 for what happened would make the log loss infinite.
_SMALLEST_PROBABILITY = 1e-15


def measure(meaning: Meaning, answers: Batch, samples: Samples, target: str) -> Metrics:
    """Compare answers with the true ones, in a column of the samples.

    Raises:
        ImportModelError: there is no such column, it holds no answers of this model's kind, or
            the model is neither a classification nor a regression of one value.
    """
    if target not in samples.names:
        raise ImportModelError(
            f"--target {target}: {samples.path} has no such column; it has "
            f"{', '.join(samples.names)}"
        )
    if meaning.task == "classification":
        return _classification(meaning, answers, true_classes(samples, target, meaning.labels))
    if meaning.task == "regression":
        return _regression(meaning, answers, _true_values(samples, target))
    raise ImportModelError(
        "--target is for a classification or a regression; leave it out, or give --task"
    )


def answered_classes(meaning: Meaning, answers: Batch) -> NDArray[np.int64]:
    """The class of each row: the label's, or the one with the largest score."""
    by_role = {output.role: output for output in meaning.outputs}
    if (label := by_role.get("label")) is not None:
        return class_indexes(label, answers[label.name], meaning.labels)
    scores = by_role.get("probabilities") or by_role["scores"]
    return np.asarray(answers[scores.name].argmax(axis=1), np.int64)


def true_classes(samples: Samples, column: str, labels: tuple[str, ...]) -> NDArray[np.int64]:
    """A column of classes as indexes: names of labels, or else indexes into them.

    Raises:
        ImportModelError: a value is neither.
    """
    values = samples.values(column)
    if values.ndim > 1 and values.shape != (len(values), 1):
        raise ImportModelError(f"{samples.path}: {column!r} must have one class per row")
    names = as_names(values)
    by_name = indexes_of(names, labels)
    by_index = indexes_of(names, [str(i) for i in range(len(labels))])
    for found in (by_name, by_index):
        if (found >= 0).all():
            return found
    row = int(np.argmin(np.maximum(by_name, by_index)))
    raise ImportModelError(
        f"{samples.path}: {column!r} is {names[row]!r} in row {row + 1}, which is none of the "
        f"labels {', '.join(labels[:10])} nor the index of one"
    )


def _classification(
    meaning: Meaning, answers: Batch, truth: NDArray[np.int64]
) -> ClassificationMetrics:
    found = answered_classes(meaning, answers)
    right = int(np.sum(found == truth))
    output = next((o for o in meaning.outputs if o.role == "probabilities"), None)
    probabilities = None if output is None else answers[output.name].astype(np.float64)
    return ClassificationMetrics(
        task="classification",
        samples=len(truth),
        accuracy=right / len(truth),
        accuracy_interval=metrics.wilson(right, len(truth)),
        per_class=metrics.per_class(found, truth, meaning.labels),
        expected_calibration_error=None
        if probabilities is None
        else CalibrationError(
            after=metrics.expected_calibration_error(probabilities, truth), bins=metrics.BINS
        ),
        log_loss=None if probabilities is None else _log_loss(probabilities, truth),
        confidence=None if probabilities is None else histogram_of(probabilities.max(axis=1)),
    )


def _log_loss(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    right = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(right, _SMALLEST_PROBABILITY, 1.0)).mean())


def _regression(meaning: Meaning, answers: Batch, truth: NDArray[np.float64]) -> RegressionMetrics:
    value = _of_role(meaning, "value")
    if value is None or value.row_size != 1:
        raise ImportModelError("--target is one value per row, and the model answers several")
    found = answers[value.name].reshape(-1).astype(np.float64)
    if not np.isfinite(found).all():
        row = int(np.argmin(np.isfinite(found)))
        raise ImportModelError(
            f"output {value.name!r} answers {found[row]} in row {row + 1}, which cannot be "
            "measured; leave such rows out of the samples, or leave out --target"
        )
    return RegressionMetrics(
        task="regression",
        samples=len(truth),
        rmse=float(root_mean_squared_error(truth, found)),
        mae=float(mean_absolute_error(truth, found)),
        r2=float(r2_score(truth, found)),
        coverage=_coverage(_of_role(meaning, "interval"), answers, truth),
        answers=histogram_of(found),
    )


def _coverage(interval: Output | None, answers: Batch, truth: NDArray[np.float64]) -> float | None:
    if interval is None:
        return None
    bounds = answers[interval.name]
    return float(((bounds[:, 0] <= truth) & (truth <= bounds[:, 1])).mean())


def _of_role(meaning: Meaning, role: str) -> Output | None:
    return next((output for output in meaning.outputs if output.role == role), None)


def _true_values(samples: Samples, column: str) -> NDArray[np.float64]:
    values = samples.array(column, "FP64")
    if values.size != samples.rows or not np.isfinite(values).all():
        raise ImportModelError(
            f"{samples.path}: {column!r} must hold one number per row, none missing"
        )
    return values.reshape(-1).astype(np.float64)
