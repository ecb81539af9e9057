"""Figures against true answers, parity with the own library, and what the card says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from contract.batch import Batch
from contract.records import ClassificationMetrics, RegressionMetrics
from contract.repository import Artifact
from tests.training.importing.models import X, answers, imported, linear, made, node
from training.answers import run_graph
from training.errors import ImportModelError, ParityError

ABC = ("a", "b", "c")
SCORES = run_graph(linear(), Batch({"x": X}))["scores"]
BEST = SCORES.argmax(axis=1)
TRUTH = np.where(np.arange(40) % 4 == 0, (BEST + 1) % 3, BEST)  # every fourth is another class


def regression() -> bytes:
    return made(
        [node("MatMul", ["x", "w"], "value"), node("Add", ["value", "sides"], "bounds")],
        {"x": ("FP32", ["n", 2])},
        {"value": ("FP32", ["n", 1]), "bounds": ("FP32", ["n", 2])},
        w=np.ones((2, 1), np.float32), sides=np.array([-0.5, 0.5], np.float32),
    )  # fmt: skip


ROLES = {"value": "value", "bounds": "interval:0.9"}


def classification(artifact: Artifact) -> ClassificationMetrics:
    metrics = artifact.manifest.metrics
    assert isinstance(metrics, ClassificationMetrics)
    return metrics


@pytest.mark.parametrize(
    "truth",
    [TRUTH, TRUTH.astype(float), TRUTH[:, None], np.array(ABC)[TRUTH]],
    ids=["index", "float", "column", "name"],
)
def test_a_classification_against_true_answers(tmp_path: Path, truth: Any) -> None:
    artifact = imported(
        tmp_path, linear(), {"x": X, "y": truth}, labels=ABC, softmax="scores", target="y"
    )
    metrics = classification(artifact)
    assert (metrics.samples, metrics.accuracy) == (40, 0.75)
    assert metrics.accuracy_interval.low == pytest.approx(0.5981, abs=1e-4)
    assert [one.support for one in metrics.per_class] == np.bincount(TRUTH, minlength=3).tolist()
    probabilities = answers(artifact, x=X)["probabilities"].astype(float)
    expected = -np.log(probabilities[np.arange(40), TRUTH]).mean()
    assert metrics.log_loss == pytest.approx(expected)
    assert metrics.expected_calibration_error is not None
    assert metrics.expected_calibration_error.before is None
    record = artifact.manifest.imported
    assert record is not None
    assert record.target == "y"


def test_scores_have_an_accuracy_and_no_log_loss(tmp_path: Path) -> None:
    artifact = imported(tmp_path, linear(), {"x": X, "y": TRUTH}, labels=ABC, target="y")
    metrics = classification(artifact)
    assert (metrics.accuracy, metrics.log_loss) == (0.75, None)
    assert metrics.expected_calibration_error is None


def test_a_regression_against_true_answers(tmp_path: Path) -> None:
    truth = X.sum(axis=1, dtype=float) + np.where(np.arange(40) % 2, 1.0, -0.25)
    artifact = imported(tmp_path, regression(), {"x": X, "y": truth}, outputs=ROLES, target="y")
    metrics = artifact.manifest.metrics
    assert isinstance(metrics, RegressionMetrics)
    assert metrics.rmse == pytest.approx(np.sqrt((1 + 1 / 16) / 2), rel=1e-5)
    assert metrics.mae == pytest.approx(0.625, rel=1e-5)
    assert metrics.r2 == pytest.approx(
        1 - 40 * metrics.rmse**2 / ((truth - truth.mean()) ** 2).sum()
    )
    assert metrics.coverage == 0.5


def test_without_true_answers_nothing_is_claimed(tmp_path: Path) -> None:
    manifest = imported(tmp_path, linear(), {"x": X}, labels=ABC).manifest
    assert (manifest.metrics, manifest.parity, manifest.training) == (None, None, None)
    assert manifest.imported is not None
    assert manifest.imported.target is None
    card = (tmp_path / "models" / "mine" / "1" / "card.md").read_text()
    assert "## Quality" not in card
    assert "| `scores` | scores | FP32 [-1, 3] |" in card


def test_the_card_says_what_the_figures_are_worth(tmp_path: Path) -> None:
    imported(tmp_path, linear(), {"x": X, "y": TRUTH}, labels=ABC, target="y")
    card = (tmp_path / "models" / "mine" / "1" / "card.md").read_text()
    assert "## Quality on the samples" in card
    assert "may have been trained on them" in card
    assert "| accuracy | 0.7500 of 40 |" in card
    assert "| true answers | `y` of the samples |" in card


@pytest.mark.parametrize(
    ("target", "values", "message"),
    [
        ("z", TRUTH, "--target z: .* has no such column; it has x, y"),
        ("y", np.array(["a"] * 39 + ["d"]), "'y' is 'd' in row 40, which is none of the labels"),
        ("y", TRUTH + 1, "'y' is '3' in row .* nor the index of one"),
        ("y", np.stack([TRUTH] * 2, 1), "'y' must have one class per row"),
    ],
)
def test_true_classes_that_do_not_fit_are_refused(
    tmp_path: Path, target: str, values: Any, message: str
) -> None:
    with pytest.raises(ImportModelError, match=message):
        imported(tmp_path, linear(), {"x": X, "y": values}, labels=ABC, target=target)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full(40, np.nan), "'y' must hold one number per row, none missing"),
        (X, "'y' must hold one number per row"),
        (np.array(["a"] * 40), "'y' is text"),
    ],
)
def test_true_values_that_do_not_fit_are_refused(tmp_path: Path, values: Any, message: str) -> None:
    with pytest.raises(ImportModelError, match=message):
        imported(tmp_path, regression(), {"x": X, "y": values}, outputs=ROLES, target="y")


def test_a_target_needs_a_task(tmp_path: Path) -> None:
    with pytest.raises(ImportModelError, match="--target is for a classification or a regression"):
        imported(tmp_path, linear(), {"x": X, "y": TRUTH}, task="other", target="y")


def test_parity_with_a_file(tmp_path: Path) -> None:
    own = tmp_path / "own.npz"
    shifted = SCORES.astype(float) + 4e-6
    names = np.array(ABC)[BEST]
    np.savez(own, scores=shifted)
    manifest = imported(tmp_path, linear(), {"x": X}, labels=ABC, parity=(str(own),)).manifest
    assert manifest.parity is not None
    assert manifest.parity.samples == 40
    assert manifest.parity.max_difference == pytest.approx(4e-6, rel=0.2)
    assert manifest.parity.tolerance == 1e-5
    card = (tmp_path / "models" / "mine" / "1" / "card.md").read_text()
    assert "## Agreement with its own library" in card
    np.savez(own, label=names)
    options = {"labels": ABC, "softmax": "scores", "parity": (str(own),)}
    imported(tmp_path, linear(), {"x": X}, **options)  # names where the graph answers indexes


def test_parity_with_columns_of_the_samples(tmp_path: Path) -> None:
    frame = pl.DataFrame({"b": X[:, 0], "a": X[:, 1]}).with_columns(
        pl.Series(f"own{k}", SCORES[:, k]) for k in range(3)
    )
    frame.write_parquet(tmp_path / "table.parquet")
    artifact = imported(
        tmp_path, linear(), tmp_path / "table.parquet", labels=ABC,
        parity=("scores=own0,own1,own2",),
    )  # fmt: skip
    assert artifact.manifest.inputs[0].columns == ("b", "a")  # the expected answers are no inputs
    assert artifact.manifest.parity is not None


def test_answers_that_differ_write_nothing(tmp_path: Path) -> None:
    own = tmp_path / "own.npz"
    np.savez(own, scores=SCORES + 1e-3)
    with pytest.raises(ParityError, match=r"own\.npz says: 0 of 40 labels differ .* \(limit 1e-05"):
        imported(tmp_path, linear(), {"x": X}, labels=ABC, parity=(str(own),))
    assert not (tmp_path / "models").exists()
    options = {"labels": ABC, "parity": (str(own),), "tolerance": 0.01}
    assert imported(tmp_path, linear(), {"x": X}, **options).manifest.parity is not None


@pytest.mark.parametrize(
    ("own", "told", "message"),
    [
        ({"z": SCORES}, None, "--parity z: the model has no such output; it has scores"),
        ({"scores": SCORES[:5]}, None, "has 5 rows; the samples have 40"),
        ({"scores": SCORES[:, :2]}, None, "the model answers 3 numbers a row"),
        ({}, "scores=nothing", "has no column 'nothing'"),
        ({}, "scores", "must be NAME=VALUE"),
    ],
)
def test_expected_answers_that_do_not_fit_are_refused(
    tmp_path: Path, own: dict[str, Any], told: str | None, message: str
) -> None:
    if told is None:
        told = str(tmp_path / "own.npz")
        np.savez(told, **own)
    with pytest.raises(ImportModelError, match=message):
        imported(tmp_path, linear(), {"x": X}, labels=ABC, parity=(told,))
