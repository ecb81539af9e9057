"""What is watched of a model, and what its manifest says of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contract.records import ClassificationMetrics, ClassMetrics
from contract.repository import entries, read_manifest
from contract.seen import CategoryRange, NumberRange, Range
from contract.tensors import Input
from service.drift.answer_fields import answers_on_test, fields_of_answers
from service.drift.fields import MOST_CATEGORIES, CategoryField, NumberField
from service.drift.input_fields import MOST_COLUMNS, columns_of, fields_of_input
from tests import graphs
from tests.conftest import MODELS
from tests.drift.models import TOWNS, loans_model, pictures_model
from tests.repositories import manifest_of, other_model, regression_model, untrained_manifest

DIGITS = [read_manifest(entry) for entry in entries(MODELS)]


@pytest.mark.parametrize("manifest", DIGITS, ids=lambda m: m.name)
def test_of_the_committed_models_the_ranges_and_the_answers_are_known(manifest: object) -> None:
    (given,) = [m for m in DIGITS if m is manifest]
    (tensor,) = given.inputs
    fields = fields_of_input(tensor, 0)
    assert [field.name for field in fields] == [
        "images", "images.border_mean", "images.mean", "images.maximum",
    ]  # fmt: skip
    for field in fields:
        assert isinstance(field, NumberField)
        assert field.seen is not None
    assert fields[1].unknown == ("the manifest has no histogram of images.border_mean in training",)
    label, confidence = fields_of_answers(given)
    assert isinstance(label, CategoryField)
    assert sum(label.reference) == pytest.approx(10_000)
    np.testing.assert_allclose(np.round(label.reference), label.reference, atol=1e-6)
    assert not label.unknown
    assert confidence.unknown == ("the manifest has no histogram of the confidence on test data",)


def metrics(*per_class: tuple[int, float, float]) -> ClassificationMetrics:
    found = manifest_of("a", "1", b"g", b"g").metrics
    assert isinstance(found, ClassificationMetrics)
    classes = tuple(
        ClassMetrics(label=str(i), support=support, precision=precision, recall=recall)
        for i, (support, precision, recall) in enumerate(per_class)
    )
    samples = sum(support for support, _, _ in per_class)
    return found.model_copy(update={"per_class": classes, "samples": samples})


def test_answers_are_counted_from_precision_and_recall() -> None:
    """Of 80 and 20, the model answers 90 and 10: 78 and 8 of them rightly."""
    counts = answers_on_test(metrics((80, 78 / 90, 78 / 80), (20, 8 / 10, 8 / 20)))
    assert counts == pytest.approx([90, 10])


def test_one_class_without_a_right_answer_has_what_is_left() -> None:
    assert answers_on_test(metrics((90, 0.9, 1.0), (10, 0, 0))) == pytest.approx([100, 0])
    assert answers_on_test(metrics((50, 0.5, 0.8), (50, 0, 0))) == pytest.approx([80, 20])


def test_two_such_classes_cannot_be_told_apart() -> None:
    assert answers_on_test(metrics((50, 0.5, 0.8), (30, 0, 0), (20, 0, 0))) is None
    counts = answers_on_test(metrics((50, 0.5, 1.0), (30, 0, 0), (20, 0, 0)))
    assert counts == pytest.approx([100, 0, 0])  # nothing is left


def test_everything_is_known_of_a_table_of_fit(tmp_path: Path) -> None:
    manifest = read_manifest_of(loans_model(tmp_path))
    fields = [f for t, i in columns_of(manifest.inputs) for f in fields_of_input(t, i)]
    assert [field.name for field in fields] == ["age", "income", "town"]
    assert not any(field.unknown for field in (*fields, *fields_of_answers(manifest)))
    age, _, town = fields
    assert isinstance(age, NumberField)
    assert isinstance(town, CategoryField)
    assert len(age.edges) == 9
    assert town.categories == TOWNS  # the most frequent first
    assert town.reference[-1] == 0  # no others
    assert not town.has_rest


def read_manifest_of(path: Path):  # type: ignore[no-untyped-def]
    (entry,) = [e for e in entries(path.parent.parent) if e.path == path]
    return read_manifest(entry)


def test_of_images_the_distributions_are_known(tmp_path: Path) -> None:
    manifest = read_manifest_of(pictures_model(tmp_path))
    unlike, *figures = fields_of_input(manifest.inputs[0], 0)
    assert isinstance(unlike, NumberField)
    assert unlike.tells_unlike
    assert not any(field.unknown for field in figures)


def test_nothing_is_guessed(tmp_path: Path) -> None:
    """Of a model without `seen` and metrics."""
    manifest = untrained_manifest(
        "loans", b"g", b"g", inputs=graphs.TABLE_INPUTS, outputs=graphs.TABLE_OUTPUTS,
        labels=graphs.TABLE_LABELS,
    )  # fmt: skip
    fields = [f for t, i in columns_of(manifest.inputs) for f in fields_of_input(t, i)]
    assert [field.unknown for field in fields] == [
        (f"the manifest does not say what training saw of {name}",)
        for name in ("age", "income", "town")
    ]
    label, confidence = fields_of_answers(manifest)
    assert label.unknown == (
        "the manifest does not tell how often each class was answered on test data",
    )
    assert confidence.unknown


def test_values_of_regressions_are_watched_and_other_outputs_are_not(tmp_path: Path) -> None:
    value = fields_of_answers(read_manifest_of(regression_model(tmp_path)))
    assert [field.name for field in value] == ["value"]
    assert fields_of_answers(read_manifest_of(other_model(tmp_path))) == []


def test_a_wide_table_is_watched_in_part() -> None:
    names = tuple(f"c{i}" for i in range(150))
    wide = Input(
        name="wide", datatype="FP32", shape=(-1, 150), content="number", columns=names
    )  # fmt: skip
    one = Input(name="one", datatype="FP32", shape=(-1,), content="number", columns=("one",))
    found = list(columns_of((one, wide)))
    assert len(found) == MOST_COLUMNS
    assert found[0] == (one, 0)
    assert found[-1] == (wide, MOST_COLUMNS - 2)


def test_rare_categories_are_counted_together_and_single_ones_tolerated() -> None:
    names = tuple(f"n{i}" for i in range(30))
    counts = np.array([1] * 5 + [100] * 25)
    seen = CategoryRange(
        content="category", categories=names, missing=0,
        shares=tuple(counts / counts.sum()), rows=int(counts.sum()),
    )  # fmt: skip
    tensor = Input(
        name="n", datatype="BYTES", shape=(-1,), content="category", columns=("n",), seen=(seen,)
    )
    (field,) = fields_of_input(tensor, 0)
    assert isinstance(field, CategoryField)
    assert field.categories == names[5 : 5 + MOST_CATEGORIES]
    assert field.codes["n29"] == field.codes["n0"] == MOST_CATEGORIES
    assert field.reference[-1] == pytest.approx(505)
    assert field.tolerated == pytest.approx(0.01 + 5 / 2505)


def test_a_column_that_was_always_missing_is_watched_for_values() -> None:
    seen = NumberRange(content="number", range=Range(low=0, high=0), missing=1)
    tensor = Input(
        name="n", datatype="FP32", shape=(-1,), content="number", columns=("n",), seen=(seen,)
    )
    (field,) = fields_of_input(tensor, 0)
    assert isinstance(field, NumberField)
    assert field.seen is None
    assert field.missing == 1
