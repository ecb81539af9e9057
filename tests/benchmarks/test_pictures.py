"""The bars of pictures of one's own, measured as `python -m benchmarks pictures` does."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.pictures import evidence, measure
from tests.conftest import ROOT
from training.datasets import Dataset

RESULTS = json.loads((ROOT / "docs" / "results" / "pictures.json").read_text())


@pytest.fixture(scope="module")
def subject() -> measure.Subject:
    return measure.subject()


@pytest.mark.mnist
@pytest.mark.slow
def test_every_kind_is_read_with_the_fit_and_draws_a_warning_without(
    mnist: Dataset, subject: measure.Subject
) -> None:
    for result in measure.results(subject, mnist):
        assert result.digits == 300
        assert result.accuracy >= result.kind.bar, result.kind.name
        assert result.warned_without == result.digits, result.kind.name
        (committed,) = [one for one in RESULTS["kinds"] if one["kind"] == result.kind.name]
        assert result.accuracy == pytest.approx(committed["accuracy_with_fit"], abs=0.011)


@pytest.mark.mnist
def test_few_digits_of_every_kind_are_read(mnist: Dataset, subject: measure.Subject) -> None:
    for result in measure.results(subject, mnist, digits=30):
        assert result.accuracy >= 0.8, result.kind.name
        assert result.warned_without == result.digits, result.kind.name


@pytest.mark.mnist
def test_no_test_image_of_mnist_draws_a_warning(mnist: Dataset, subject: measure.Subject) -> None:
    assert subject.training.unlike(mnist.test.images) == []


@pytest.mark.mnist
def test_no_cut_jpeg_is_taken(mnist: Dataset) -> None:
    found = evidence.cut_jpegs(mnist, count=200)
    assert found["taken"] == 0
    assert found["taken_by_pillow"] > 150


def test_the_committed_measurement_holds_every_bar() -> None:
    assert [one["kind"] for one in RESULTS["kinds"]] == [kind.name for kind in measure.KINDS]
    for one in RESULTS["kinds"]:
        assert one["accuracy_with_fit"] >= one["bar"], one["kind"]
        assert one["warned_without"] == one["digits"] == 300, one["kind"]
    assert RESULTS["mnist"] == {"images": 10_000, "warned": 0}
    assert RESULTS["jpeg"]["taken"] == 0


def test_an_image_outside_the_range_of_the_other_half_is_counted() -> None:
    """Once in each of the halvings, for it is in one half and its like is in none."""
    images = np.full((10, 28, 28), 100, np.uint8)
    assert evidence._flagged(images, 1.0) == 0
    images[3] = 240
    assert evidence._flagged(images, 3.0) == 0
    # Half of the time it is in the half that gives the range, and widens it.
    assert 0 < evidence._flagged(images, 1.0) < evidence.HALVES * 10
