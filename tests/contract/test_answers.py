from __future__ import annotations

import math

import numpy as np
import pytest

from contract.answers import compare
from contract.batch import Batch
from contract.tensors import Output

LABEL = Output(name="label", datatype="BYTES", shape=(-1,), role="label", encoding="value")
PROBABILITIES = Output(name="p", datatype="FP32", shape=(-1, 2), role="probabilities")
VALUE = Output(name="value", datatype="FP32", shape=(-1,), role="value")


def labels(*texts: str) -> Batch:
    return Batch({"label": np.array(texts, object)})


def values(*numbers: float) -> Batch:
    return Batch({"value": np.array(numbers, np.float32)})


def test_labels_must_be_equal() -> None:
    found = compare(labels("a", "b", "c"), labels("a", "c", "b"), [LABEL])
    assert (found.rows, found.label_mismatches) == (3, 2)
    assert not found.within(1.0)
    assert compare(labels("a"), labels("a"), [LABEL]).within(0.0)


def test_probabilities_differ_absolutely() -> None:
    one = Batch({"p": np.array([[0.25, 0.75]], np.float32)})
    other = Batch({"p": np.array([[0.5, 0.5]], np.float32)})
    assert compare(one, other, [PROBABILITIES]).max_difference == 0.25


def test_large_values_differ_relatively() -> None:
    assert compare(values(1000.0), values(1001.0), [VALUE]).max_difference == pytest.approx(1e-3)
    assert compare(values(0.001), values(0.002), [VALUE]).max_difference == pytest.approx(1e-3)


@pytest.mark.parametrize("other", [math.nan, math.inf])
def test_what_is_no_number_is_never_near_one(other: float) -> None:
    assert not compare(values(1.0), values(other), [VALUE]).within(1e9)
    assert not compare(values(other), values(1.0), [VALUE]).within(1e9)
    assert compare(values(other), values(other), [VALUE]).within(0.0)


def test_shapes_must_be_equal() -> None:
    with pytest.raises(ValueError, match=r"value has shape \[2\], expected \[1\]"):
        compare(values(1.0), values(1.0, 2.0), [VALUE])


def test_it_says_both_figures() -> None:
    found = compare(labels("a"), labels("b"), [LABEL])
    assert str(found) == "1 of 1 labels differ and the largest difference in a number is 0"
