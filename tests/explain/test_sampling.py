"""Sampled Shapley values and occlusion, over functions whose contributions are known."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.batch import Batch
from contract.tensors import Input
from service.errors import InvalidError, ModelError
from service.explain import shapley
from service.explain.occlusion import Occlusion
from service.explain.question import Question
from service.explain.shapley import Shapley
from service.explain.worker import Stop

INPUTS = (
    Input.model_validate(
        {"name": "x", "datatype": "FP32", "shape": (-1, 4), "content": "number",
         "columns": ("a", "b", "c", "d")}
    ),
)  # fmt: skip
SAMPLES = Batch({"x": np.zeros((1, 4), np.float32)})
ROW = Batch({"x": np.array([[1, 2, 3, 4]], np.float32)})

Ask = Callable[[Batch], NDArray[np.float64]]


def question(ask: Ask, stop: Stop | None = None) -> Question:
    return Question(0, ROW, 0, ask, stop or Stop(60))


def linear(rows: Batch) -> NDArray[np.float64]:
    found: NDArray[np.float64] = rows["x"] @ np.array([0.1, 0.0, -0.1, 0.05])
    return found


def test_of_a_linear_function_every_order_says_the_same() -> None:
    found = Shapley(INPUTS, SAMPLES, "probability").explain(question(linear))
    expected = {"a": 0.1, "b": 0.0, "c": -0.3, "d": 0.2}
    assert found.attribution == pytest.approx(expected)
    assert found.standard_error == pytest.approx(0, abs=1e-12)
    assert found.total == pytest.approx(found.value)
    assert found.base == 0.0


def test_of_a_product_the_parts_share() -> None:
    def product(rows: Batch) -> NDArray[np.float64]:
        found: NDArray[np.float64] = rows["x"][:, 0] * rows["x"][:, 1] / 10
        return found

    found = Shapley(INPUTS, SAMPLES, "probability").explain(question(product))
    # A pair of antithetic orders gives each of two partners exactly half.
    assert found.attribution == pytest.approx({"a": 0.1, "b": 0.1, "c": 0.0, "d": 0.0})


def test_a_noisy_function_is_asked_until_it_is_sure_and_no_longer_than_allowed() -> None:
    generator = np.random.default_rng(0)

    def noisy(rows: Batch) -> NDArray[np.float64]:
        moved = np.any(rows["x"] != ROW["x"], axis=1)
        found: NDArray[np.float64] = generator.normal(size=len(rows)) * moved
        return found

    found = Shapley(INPUTS, SAMPLES, "probability").explain(question(noisy))
    assert found.runs == shapley.MOST_PAIRS * 2 * 5 + 1
    assert found.standard_error is not None
    assert found.standard_error > shapley.STANDARD_ERROR
    late = Shapley(INPUTS, SAMPLES, "probability").explain(question(noisy, Stop(0)))
    assert late.runs == shapley.PAIRS_AT_ONCE * 2 * 5 + 1


def test_texts_are_parts_as_numbers_are() -> None:
    """A row of a table with categories, whose arrays hold str."""
    city = Input.model_validate(
        {"name": "city", "datatype": "BYTES", "shape": (-1,), "content": "category",
         "columns": ("city",)}
    )  # fmt: skip

    def ask(rows: Batch) -> NDArray[np.float64]:
        found: NDArray[np.float64] = 0.5 * (rows["city"] == "Ulm") + linear(rows)
        return found

    row = Batch({**ROW.arrays, "city": np.array(["Ulm"], object)})
    samples = Batch({**SAMPLES.arrays, "city": np.array([""], object)})
    asked = Question(0, row, 0, ask)
    found = Shapley((*INPUTS, city), samples, "probability").explain(asked)
    assert found.attribution["city"] == pytest.approx(0.5)


def test_large_rows_are_asked_a_pair_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapley, "BYTES_AT_ONCE", 1)
    sizes = []

    def ask(rows: Batch) -> NDArray[np.float64]:
        sizes.append(len(rows))
        return linear(rows)

    Shapley(INPUTS, SAMPLES, "probability").explain(question(ask))
    assert max(sizes) == 2 * 5


def test_a_client_that_left_is_not_worked_for() -> None:
    stop = Stop(60)
    stop.leave()
    with pytest.raises(CancelledError):
        Shapley(INPUTS, SAMPLES, "probability").explain(question(linear, stop))


def test_an_answer_that_is_no_number_is_refused() -> None:
    def gap(rows: Batch) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.where(rows["x"][:, 0] == 0, np.nan, 1.0)
        return found

    with pytest.raises(InvalidError, match="is not a finite number; ask for another method"):
        Shapley(INPUTS, SAMPLES, "probability").explain(question(gap))


def test_a_sum_that_misses_the_answer_is_refused() -> None:
    """The model answers a row alone otherwise than among others."""

    def moody(rows: Batch) -> NDArray[np.float64]:
        return linear(rows) + (0.01 if len(rows) == 1 else 0.0)

    with pytest.raises(ModelError, match=r"miss the answer by 0\.01"):
        Shapley(INPUTS, SAMPLES, "probability").explain(question(moody))


def test_scores_are_measured_by_the_spread_of_answers() -> None:
    samples = Batch({"x": np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)})

    def large(rows: Batch) -> NDArray[np.float64]:
        return 1e6 * linear(rows)

    found = Shapley(INPUTS, samples, "value").explain(question(large))
    assert found.standard_error is not None
    # It adds its parts up: rounds over all backgrounds agree.
    assert found.standard_error <= 1e-9 * float(np.std(large(samples)))
    assert found.runs == shapley.LEAST_ROUNDS * 8 * 2 * 5 + 1
    mean = samples["x"].mean(axis=0)
    expected = 1e6 * (ROW["x"][0] - mean) * [0.1, 0.0, -0.1, 0.05]
    assert list(found.attribution.values()) == pytest.approx(expected, rel=1e-4)
    single = Shapley(INPUTS, SAMPLES, "value").explain(question(large))
    assert single.runs == shapley.LEAST_PAIRS * 2 * 5 + 1


def test_occlusion_is_what_is_lost() -> None:
    found = Occlusion(INPUTS, SAMPLES, "probability").explain(question(linear))
    assert found.attribution == pytest.approx({"a": 0.1, "b": 0.0, "c": -0.3, "d": 0.2})
    assert not found.additive
    assert found.base == 0.0
