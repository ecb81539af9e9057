from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from training import cnn, loop
from training.__main__ import _held
from training.datasets import Split, load
from training.race import EpochResult, Lap, Race, bars, run, to_json


def lap(recipe: str, accuracy: float, seconds: float, seed: int = 0) -> Lap:
    return Lap(
        recipe, seed, (EpochResult(seconds / 2, accuracy / 2), EpochResult(seconds, accuracy))
    )


GOOD = Race(
    device="any",
    matrix_units=True,
    precision="float32",
    laps=(lap("guide", 0.99, 30.0), lap("sprint", 0.9921, 10.0), lap("fast", 0.9950, 30.0)),
)


def missed(race: Race) -> list[str]:
    return [str(bar) for bar in bars(race) if not bar.held]


def replaced(slower: Lap) -> Race:
    return replace(
        GOOD, laps=tuple(slower if at.recipe == slower.recipe else at for at in GOOD.laps)
    )


def test_figures_on_the_limits_hold() -> None:
    assert missed(GOOD) == []


@pytest.mark.parametrize(
    ("slip", "reason"),
    [
        (
            lap("sprint", 0.9920, 9.0),
            "sprint: mean test accuracy 0.9920, which must be at least 0.9921",
        ),
        (
            lap("sprint", 0.9930, 10.2),
            "sprint: time as a share of guide's 0.3400, which must be at most 0.3333",
        ),
        (
            lap("fast", 0.9949, 15.0),
            "fast: mean test accuracy 0.9949, which must be at least 0.9950",
        ),
        (
            lap("fast", 0.9960, 30.3),
            "fast: time as a share of guide's 1.0100, which must be at most 1.0000",
        ),
    ],
)
def test_every_bar_can_be_missed(slip: Lap, reason: str) -> None:
    assert missed(replaced(slip)) == [reason]


def test_without_matrix_units_fast_may_be_slower_but_it_is_reported() -> None:
    race = replace(replaced(lap("fast", 0.9960, 36.0)), matrix_units=False)
    (bar,) = [bar for bar in bars(race) if not bar.held]
    assert (bar.recipe, bar.binds) == ("fast", False)
    assert bar.measured == pytest.approx(1.2)
    assert all(bar.binds for bar in bars(replace(race, matrix_units=True)))


def test_the_command_says_what_was_missed_and_fails_where_it_binds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _held(bars(GOOD))
    assert capsys.readouterr().err == ""
    slow = replace(replaced(lap("fast", 0.9960, 36.0)), matrix_units=False)
    assert _held(bars(slow))
    assert "1.2000, which must be at most 1.0000 where there are matrix units" in (
        capsys.readouterr().err
    )
    assert not _held(bars(replaced(lap("sprint", 0.9930, 11.0))))
    assert "sprint: time as a share of guide's 0.3667" in capsys.readouterr().err


def test_means_are_over_the_seeds() -> None:
    race = replace(GOOD, laps=(*GOOD.laps, lap("sprint", 0.9941, 14.0, seed=1)))
    document = json.loads(to_json(race))
    sprint = document["summary"]["sprint"]
    assert sprint["mean_test_accuracy"] == pytest.approx(0.9931)
    assert sprint["spread"] == pytest.approx(0.001)
    assert sprint["time_ratio"] == pytest.approx(12 / 30)
    assert [bar["held"] for bar in document["bars"]] == [True, False, True, True]


@pytest.mark.thorough
def test_recipes_take_turns_and_are_looked_at_after_every_epoch() -> None:
    race = run(load("digits"), {"guide": 1, "sprint": 2, "fast": 1})
    assert [(at.recipe, at.seed, len(at.epochs)) for at in race.laps] == [
        ("guide", 0, 5),
        ("sprint", 0, 2),
        ("fast", 0, 10),
        ("sprint", 1, 2),
    ]
    for at in race.laps:
        seconds = [look.seconds for look in at.epochs]
        assert seconds == sorted(seconds)


def test_looking_teaches_nothing_and_takes_no_time() -> None:
    data = load("digits")
    recipe = cnn.Fast(epochs=3)
    blind = loop.fit(recipe, data.train, seed=3)
    watched = loop.fit(recipe, data.train, seed=3, watch=data.test)
    scores = watched.scores(data.test.images)
    np.testing.assert_allclose(blind.scores(data.test.images), scores, rtol=1e-4, atol=1e-4)
    right = scores.argmax(axis=1) == data.test.labels
    assert watched.accuracies[-1] == pytest.approx(float(right.mean()))
    assert list(watched.elapsed) == sorted(watched.elapsed)
    assert watched.elapsed[-1] <= watched.seconds
    assert blind.elapsed == ()


@pytest.mark.thorough
def test_the_clock_stands_still_while_looking() -> None:
    """Three looks at 20,000 images take longer than three epochs of 128."""
    data = load("digits")
    few = Split(data.train.images[:128], data.train.labels[:128])
    many = Split(data.test.images.repeat(50, axis=0), data.test.labels.repeat(50))
    recipe = cnn.Fast(epochs=3)
    blind = loop.fit(recipe, few, seed=0).seconds
    watched = loop.fit(recipe, few, seed=0, watch=many)
    assert watched.seconds < blind + 1
    assert watched.elapsed[-1] < blind + 1


def test_the_sprint_differs_in_its_epochs_alone() -> None:
    assert replace(cnn.Fast.sprint(), epochs=cnn.Fast().epochs) == cnn.Fast()
    assert cnn.Fast.sprint().epochs == 2
