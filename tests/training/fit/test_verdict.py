"""Of those as good as the best, the clearest and cheapest is taken."""

from __future__ import annotations

import numpy as np
import pytest

from training.errors import FitError
from training.fit.comparison import Comparison, Entrant, Run
from training.fit.scores import Figures
from training.fit.splits import Split
from training.fit.verdict import Bounds, Cost, Verdict, decide

ROWS = 400
SPLITS = 5


def entrant(
    name: str, family: str | None, clarity: str, loss: float, noise: float = 0.0
) -> Entrant:
    """A candidate whose log loss is `loss`, give or take `noise` from split to split."""
    found = Entrant(name, name, name, family, clarity)  # type: ignore[arg-type]
    generator = np.random.default_rng(len(name))
    for number in range(SPLITS):
        own = loss + noise * generator.normal()
        losses = np.full(ROWS, own)
        wrong = (np.arange(ROWS) < ROWS * own).astype(float)
        values = {"log_loss": own, "accuracy": 1 - own}
        found.runs[number] = Run(Figures(values, losses, wrong), 1.0)
    return found


def comparison(*entrants: Entrant) -> Comparison:
    split = Split(np.arange(80), np.arange(80, 100), np.arange(100, 125))
    baseline = Figures({"log_loss": 0.7, "accuracy": 0.5}, np.zeros(1), np.zeros(1))
    return Comparison(entrants, (baseline,) * SPLITS, (split,) * SPLITS, np.arange(125), False)


def cost(megabytes: float = 1.0, microseconds: float = 50.0) -> Cost:
    return Cost(int(megabytes * 1e6), microseconds, 5.0, 10_000_000)


def verdict(
    *entrants: Entrant, bounds: Bounds | None = None, costs: dict[str, Cost] | None = None
) -> Verdict:
    given = {e.name: cost() for e in entrants} | (costs or {})
    return decide(comparison(*entrants), given, bounds or Bounds())


TREES = entrant("xgboost", "classical_ml", "trees", 0.30, 0.01)
LINEAR = entrant("linear", "classical_ml", "weights", 0.50, 0.01)
NETWORK = entrant("mlp", "deep_learning", "opaque", 0.305, 0.03)


def test_a_clear_lead_decides() -> None:
    found = verdict(LINEAR, TREES)
    assert found.chosen.entrant is TREES
    assert found.standing("linear").behind is not None
    assert not found.standing("linear").tied


def test_of_those_that_cannot_be_told_apart_the_clearest_is_taken() -> None:
    nearly = entrant("additive", "classical_ml", "curves", 0.305, 0.03)
    found = verdict(TREES, NETWORK, nearly)
    assert found.standing("mlp").tied
    assert found.chosen.entrant is nearly


def test_of_equally_clear_ones_the_cheapest_is_taken() -> None:
    forest = entrant("random-forest", "classical_ml", "trees", 0.301, 0.02)
    slow = cost(microseconds=500)
    assert verdict(TREES, forest, costs={"xgboost": slow}).chosen.entrant is forest
    assert verdict(TREES, forest, costs={"random-forest": slow}).chosen.entrant is TREES


def test_a_lead_of_next_to_nothing_does_not_count() -> None:
    best = entrant("mlp", "deep_learning", "opaque", 0.300)
    close = entrant("linear", "classical_ml", "weights", 0.302)
    found = verdict(best, close)
    assert found.standing("linear").behind is not None
    assert found.standing("linear").behind.is_clear  # type: ignore[union-attr]
    assert found.chosen.entrant is close


def test_bounds_are_honoured_as_measured() -> None:
    bounds = Bounds(latency_ms=0.1)
    found = verdict(LINEAR, TREES, bounds=bounds, costs={"xgboost": cost(microseconds=150)})
    assert found.chosen.entrant is LINEAR
    assert found.standing("xgboost").barred == "0.15 ms a row, above --latency-ms 0.1"
    found = verdict(LINEAR, TREES, bounds=Bounds(size_mb=2), costs={"xgboost": cost(megabytes=3)})
    assert found.chosen.entrant is LINEAR
    assert verdict(LINEAR, TREES, bounds=Bounds(explain="required")).chosen.entrant is LINEAR


def test_no_candidate_within_the_bounds_is_an_error() -> None:
    with pytest.raises(FitError, match="no candidate keeps to what was asked"):
        verdict(LINEAR, TREES, bounds=Bounds(latency_ms=0.01))


def test_families_are_compared_by_their_best() -> None:
    found = verdict(LINEAR, TREES, NETWORK)
    assert found.families is not None
    assert (found.families.classical, found.families.deep) == ("xgboost", "mlp")
    assert not found.families.difference.is_clear
    assert verdict(LINEAR, TREES).families is None


def test_the_chosen_one_is_held_against_the_baseline() -> None:
    assert verdict(LINEAR, TREES).baseline.high < 0
    luck = entrant("xgboost", "classical_ml", "trees", 0.699, 0.02)
    assert verdict(luck).baseline.high > 0
