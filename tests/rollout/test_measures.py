"""From sums to intervals, conditions and the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.rollout import Rollout
from service.rollout import answers as scale
from service.rollout.answers import Answers
from service.rollout.measures import (
    Measure,
    canary_measures,
    canary_quantities,
    shadow_measures,
    shadow_quantities,
)
from service.rollout.sequence import Interval, Sums
from service.rollout.tally import Tally, sums_of
from service.rollout.verdict import verdict_of
from service.settings import Settings
from tests.repositories import other_model, regression_model, tiny_model
from tests.serving.loading import load_models

WRITERS: dict[str, Callable[[Path, str], Path]] = {
    "classes": tiny_model,
    "values": regression_model,
    "others": other_model,
}


def rollout(mode: str = "shadow", **fields: Any) -> Rollout:
    return Rollout.model_validate(
        {"rollout_version": 1, "mode": mode, "stable": "1", "candidate": "2", **fields}
    )


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    """Of a model of each task."""
    root = tmp_path_factory.mktemp("models")
    for name, write in WRITERS.items():
        write(root, name)
    models = load_models(Settings(models_dir=root))
    return {name: Answers(models.get(name), 0.25) for name in WRITERS}


def sums(rows: list[list[float]]) -> list[Sums]:
    """Of observations, each of all quantities."""
    own = np.zeros(Tally.size(len(rows[0])), np.int64)
    tally = Tally(own)
    for row in rows:
        tally.add(0, np.array([row]))
    return sums_of(own)


def by_name(measures: list[Measure]) -> dict[str, Measure]:
    return {measure.name: measure for measure in measures}


@pytest.mark.parametrize(
    ("model", "shadow", "canary"),
    [
        ("classes", ["agreement", "errors", "latency", "confidence"],
         ["errors", "latency", "confidence", "labels"]),
        ("values", ["agreement", "errors", "latency", "value"], ["errors", "latency", "value"]),
        ("others", ["agreement", "errors", "latency"], ["errors", "latency"]),
    ],
)  # fmt: skip
def test_each_task_has_its_measures(
    answers: dict[str, Answers], model: str, shadow: list[str], canary: list[str]
) -> None:
    """Before any request nothing is known, and nothing decided."""
    nothing = [Sums(0, 0.0, 0.0)]
    found = shadow_measures(rollout(), answers[model], nothing * shadow_quantities(answers[model]))
    assert [measure.name for measure in found] == shadow
    arm = nothing * canary_quantities(answers[model])
    ours = canary_measures(rollout("canary"), answers[model], arm, arm)
    assert [measure.name for measure in ours] == canary
    for measures in (found, ours):
        assert not any(measure.real for measure in measures)
        assert {measure.state for measure in measures} <= {"open", "not a condition"}
        assert verdict_of(rollout(), "alpha", 2, measures).decision == "undecided"


def test_a_shadow_that_answers_alike_is_promoted(answers: dict[str, Answers]) -> None:
    same = [0.0, scale.paired_latency(0.01, 0.01), 1.0, 0.5]
    found = shadow_measures(rollout(), answers["classes"], sums([same] * 1000))
    assert {measure.name: measure.interval.value for measure in found} == pytest.approx(
        {"agreement": 1, "errors": 0, "latency": 1, "confidence": 0}
    )
    assert not any(measure.real for measure in found)
    verdict = verdict_of(rollout(), "alpha", 2, found)
    assert verdict.decision == "promote"
    assert len(verdict.reasons) == 3
    assert verdict.reasons[0].startswith("version 2 gives the same answer as version 1 in 100.00%")
    assert verdict.how.startswith("to promote version 2, remove rollout.json from the folder of")
    assert "every version above 2" in verdict_of(rollout(), "alpha", 3, found).how


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("agreement", [0.0, 0.5, 0.7, 0.5]),
        ("errors", [0.05, 0.5, 1.0, 0.5]),
        ("latency", [0.0, scale.paired_latency(0.01, 0.03), 1.0, 0.5]),
    ],
)
def test_one_broken_condition_keeps_the_stable_version(
    answers: dict[str, Answers], name: str, row: list[float]
) -> None:
    found = shadow_measures(rollout(), answers["classes"], sums([row] * 2000))
    assert [measure.name for measure in found if measure.state == "broken"] == [name]
    assert [measure.name for measure in found if measure.real] == [name]
    verdict = verdict_of(rollout(), "alpha", 2, found)
    assert verdict.decision == "keep"
    assert verdict.reasons == [by_name(found)[name].sentence]
    assert "remove rollout.json and version 2 together" in verdict.how


def test_a_difference_can_be_real_and_small_enough(answers: dict[str, Answers]) -> None:
    """A little slower for certain, but within what promotion allows."""
    row = [0.0, scale.paired_latency(0.01, 0.012), 1.0, 0.51]
    found = by_name(shadow_measures(rollout(), answers["classes"], sums([row] * 5000)))
    assert found["latency"].real
    assert found["latency"].state == "met"
    assert found["latency"].interval.value == pytest.approx(13 / 11)
    assert found["confidence"].real
    assert found["confidence"].state == "not a condition"
    assert found["confidence"].interval.value == pytest.approx(0.02)


def canary_row(labels: np.ndarray[Any, Any], seconds: float, failed: float = 0.0) -> list[float]:
    return [failed, scale.latency(seconds), 0.8, *labels]


def test_a_canary_compares_two_versions(answers: dict[str, Answers]) -> None:
    one = np.eye(10)
    stable = [canary_row(one[i % 10], 0.010) for i in range(6000)]
    same = [canary_row(one[i % 10], 0.0105) for i in range(3000)]
    model = answers["classes"]
    found = canary_measures(rollout("canary"), model, sums(stable), sums(same))
    assert verdict_of(rollout("canary"), "alpha", 2, found).decision == "promote"
    assert by_name(found)["latency"].interval.value == pytest.approx(11.5 / 11)
    assert {measure.observations for measure in found} == {3000}
    other = [canary_row(one[i % 3], 0.010) for i in range(3000)]
    found = canary_measures(rollout("canary"), model, sums(stable), sums(other))
    verdict = verdict_of(rollout("canary"), "alpha", 2, found)
    assert verdict.decision == "keep"
    assert verdict.reasons[0].startswith('the share of label "0" changes most, by 23.33%')
    slow = [canary_row(one[i % 10], 0.030) for i in range(3000)]
    found = canary_measures(rollout("canary"), model, sums(stable), sums(slow))
    assert [measure.name for measure in found if measure.state == "broken"] == ["latency"]
    bad = [canary_row(one[i % 10], 0.010, failed=i % 20 == 0) for i in range(3000)]
    found = canary_measures(rollout("canary"), model, sums(stable), sums(bad))
    assert [measure.name for measure in found if measure.state == "broken"] == ["errors"]


def test_a_canary_of_a_regression_compares_means(answers: dict[str, Answers]) -> None:
    stable = [[0.0, 0.3, 0.5]] * 4000
    model = answers["values"]
    for level, decision in ((0.51, "promote"), (0.6, "keep")):
        theirs = sums([[0.0, 0.3, level]] * 2000)
        found = canary_measures(rollout("canary"), model, sums(stable), theirs)
        value = by_name(found)["value"]
        assert value.interval.value == pytest.approx(8 * (level - 0.5))
        assert value.real
        assert verdict_of(rollout("canary"), "alpha", 2, found).decision == decision


def test_a_whole_rollout_is_rarely_wrong(answers: dict[str, Answers]) -> None:
    """300 shadows whose candidate is just at its limits, judged after every 20th request.

    The largest share of wrong verdicts, one way or the other, must be below alpha.
    """
    rng = np.random.default_rng(5)
    limit = rollout(alpha=0.2, min_agreement=0.9, max_error_difference=0.05)
    wrong = 0
    for _ in range(300):
        own = np.zeros(Tally.size(4), np.int64)
        tally = Tally(own)
        for _ in range(20):
            for _ in range(20):
                failed = float(rng.random() < 0.05)
                ratio = math.exp(rng.normal(math.log(1.5), 0.5))
                seconds = ratio * (0.01 + scale.BASE_SECONDS) - scale.BASE_SECONDS
                row = [failed, scale.paired_latency(0.01, seconds), float(rng.random() < 0.9), 0.5]
                tally.add(0, np.array([row]))
            found = shadow_measures(limit, answers["classes"], sums_of(own))
            if any(measure.state in ("met", "broken") for measure in found):
                wrong += 1
                break
    assert wrong / 300 <= 0.2


def test_the_bounds_of_a_measure() -> None:
    def state(low: float, high: float, **bounds: float) -> str:
        return Measure("errors", "", 1, Interval(0.5, low, high), 0.0, **bounds).state

    assert state(0.1, 0.2, largest=0.2) == "met"
    assert state(0.1, 0.3, largest=0.2) == "open"
    assert state(0.3, 0.4, largest=0.2) == "broken"
    assert state(0.3, 0.4, smallest=0.3) == "met"
    assert state(0.1, 0.2, smallest=0.3) == "broken"
    assert state(-0.1, 0.1, smallest=-0.2, largest=0.2) == "met"
    assert state(0.1, 0.2) == "not a condition"
