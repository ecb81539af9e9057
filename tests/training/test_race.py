from __future__ import annotations

from training.race import Lap, Race, lost


def race(accuracy: float, seconds: float) -> Race:
    return Race("any", (Lap("guide", 0, 0.99, 10.0), Lap("fast", 0, accuracy, seconds)))


def test_an_accurate_and_quick_recipe_may_ship() -> None:
    assert lost(race(0.9950, 10.0)) is None


def test_a_recipe_below_the_floor_may_not() -> None:
    reason = lost(race(0.9949, 5.0))
    assert reason is not None
    assert "0.9949, below 0.995" in reason


def test_a_slower_recipe_may_not() -> None:
    reason = lost(race(0.9960, 10.1))
    assert reason is not None
    assert "1.01 of guide's time" in reason
