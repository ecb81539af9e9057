"""Which candidates differ, and which one to take.

The best by the metric leads. Every candidate that cannot be told from it, or that trails by so
little that it does not matter, is as good; of those the clearest is taken, and of equally clear
ones the cheapest to run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.errors import FitError
from training.fit.candidate import CLARITIES
from training.fit.comparison import Comparison, Entrant
from training.fit.intervals import (
    LEAST_SPLITS,
    Difference,
    clustered_error,
    over_rows,
    over_splits,
)
from training.fit.scores import ACCURACY, LOG_LOSS, RMSE, Metric
from training.fit.splits import FOLDS

# A lead below this share of what the best gains on the baseline does not matter in practice.
NEGLIGIBLE = 0.01
# Models whose answers a person can follow.
FOLLOWED = ("weights", "curves")


@dataclass(frozen=True)
class Cost:
    """What a served candidate costs: graph in bytes, microseconds a row, memory in bytes."""

    bytes: int
    microseconds: float
    microseconds_batched: float
    memory: int


@dataclass(frozen=True)
class Standing:
    """A candidate beside the best.

    Attributes:
        behind: by how much it trails the best, in the metric; None for the best.
        tied: True if it is as good as the best.
        barred: why it may not be chosen; None if it may.
    """

    entrant: Entrant
    value: float
    behind: Difference | None
    tied: bool
    barred: str | None


@dataclass(frozen=True)
class Families:
    """The best classical candidate beside the best network.

    difference: its figure less the network's, in `metric`: accuracy, or RMSE.
    """

    classical: str
    deep: str
    metric: Metric
    difference: Difference


@dataclass(frozen=True)
class Verdict:
    """standings: best first. chosen: the one to take. metric: what decides.

    families: None where only one family was tried. baseline: by how much the chosen one's figure is
    above that of the baseline.
    """

    metric: Metric
    standings: tuple[Standing, ...]
    chosen: Standing
    families: Families | None
    baseline: Difference

    def standing(self, name: str) -> Standing:
        """By name of the candidate."""
        return next(s for s in self.standings if s.entrant.name == name)


@dataclass(frozen=True)
class Bounds:
    """What the chosen model must keep to."""

    explain: str | None = None
    latency_ms: float | None = None
    size_mb: float | None = None


def decide(comparison: Comparison, costs: Mapping[str, Cost], bounds: Bounds) -> Verdict:
    """Rank the candidates and choose.

    Raises:
        FitError: no candidate keeps to the bounds.
    """
    metric = LOG_LOSS if LOG_LOSS.name in comparison.baseline[0].values else RMSE
    entrants = sorted(comparison.fitted(), key=lambda e: mean_of(e, metric))
    best = entrants[0]
    gain = _mean(f.values[metric.name] for f in comparison.baseline) - mean_of(best, metric)
    standings = tuple(
        _standing(e, best, metric, comparison, gain, _barred(e, costs[e.name], bounds))
        for e in entrants
    )
    chosen = _chosen(
        standings, costs, lambda e, lead: _standing(e, lead, metric, comparison, gain, None)
    )
    gained = difference(chosen.entrant, comparison.reference(), metric, comparison)
    return Verdict(metric, standings, chosen, _families(standings, comparison), gained)


def mean_of(entrant: Entrant, metric: Metric) -> float:
    """The mean of a figure over the splits that have it; NaN without any."""
    values = [
        run.figures.values[metric.name]
        for run in entrant.runs.values()
        if metric.name in run.figures.values
    ]
    return _mean(values) if values else float("nan")


def standard_error(entrant: Entrant, metric: Metric, comparison: Comparison) -> float:
    """The standard error of log loss, accuracy or RMSE, over rows that were tested once each."""
    numbers = sorted(entrant.runs)[:FOLDS]
    figures = [entrant.runs[n].figures for n in numbers]
    rows = np.concatenate([f.wrong if metric is ACCURACY else f.losses for f in figures])
    error, _ = clustered_error(rows, comparison.tested(numbers))
    # That of a root, to first order.
    return error / (2 * mean_of(entrant, RMSE)) if metric is RMSE else error


def difference(one: Entrant, other: Entrant, metric: Metric, comparison: Comparison) -> Difference:
    """How much larger the figure of `one` is, with its interval."""
    numbers = sorted(set(one.runs) & set(other.runs))
    pairs = [(one.runs[n].figures, other.runs[n].figures) for n in numbers]
    if len(pairs) >= LEAST_SPLITS:
        split = comparison.splits[0]
        share = len(split.test) / (len(split.train) + len(split.validation))
        found = [a.values[metric.name] - b.values[metric.name] for a, b in pairs]
        return over_splits(found, share)
    rows = "wrong" if metric is ACCURACY else "losses"
    differences = np.concatenate([getattr(a, rows) - getattr(b, rows) for a, b in pairs])
    groups = comparison.tested(numbers)
    if metric is RMSE:
        # The difference of two roots, to first order in that of the squared errors.
        total = mean_of(one, RMSE) + mean_of(other, RMSE)
        return over_rows(differences, groups, 1 / total if total else 1.0)
    return over_rows(differences, groups, -1.0 if metric is ACCURACY else 1.0)


def _standing(
    entrant: Entrant,
    best: Entrant,
    metric: Metric,
    comparison: Comparison,
    gain: float,
    barred: str | None,
) -> Standing:
    value = mean_of(entrant, metric)
    if entrant is best:
        return Standing(entrant, value, None, True, barred)
    behind = difference(entrant, best, metric, comparison)
    tied = not behind.is_clear or behind.mean < NEGLIGIBLE * gain
    return Standing(entrant, value, behind, tied, barred)


def _barred(entrant: Entrant, cost: Cost, bounds: Bounds) -> str | None:
    """The bound that a candidate breaks."""
    if bounds.explain == "required" and entrant.clarity not in FOLLOWED:
        return "a person cannot follow it, and --explain is required"
    if bounds.latency_ms is not None and cost.microseconds > 1_000 * bounds.latency_ms:
        return f"{cost.microseconds / 1_000:.2f} ms a row, above --latency-ms {bounds.latency_ms:g}"
    if bounds.size_mb is not None and cost.bytes > 1e6 * bounds.size_mb:
        return f"{cost.bytes / 1e6:.2f} MB, above --size-mb {bounds.size_mb:g}"
    return None


def _chosen(
    standings: Sequence[Standing],
    costs: Mapping[str, Cost],
    beside: Callable[[Entrant, Entrant], Standing],
) -> Standing:
    """The clearest, then cheapest, of those as good as the best that may be chosen."""
    allowed = [standing for standing in standings if standing.barred is None]
    if not allowed:
        reasons = "; ".join(f"{s.entrant.name}: {s.barred}" for s in standings)
        raise FitError(f"no candidate keeps to what was asked ({reasons}); relax an option")
    lead = allowed[0].entrant
    return min(
        (s for s in allowed if beside(s.entrant, lead).tied),
        key=lambda s: (CLARITIES.index(s.entrant.clarity), costs[s.entrant.name].microseconds),
    )


def _families(standings: Sequence[Standing], comparison: Comparison) -> Families | None:
    best: dict[str | None, Entrant] = {}
    for standing in standings:
        best.setdefault(standing.entrant.family, standing.entrant)
    classical, deep = best.get("classical_ml"), best.get("deep_learning")
    if classical is None or deep is None:
        return None
    metric = ACCURACY if ACCURACY.name in comparison.baseline[0].values else RMSE
    found = difference(classical, deep, metric, comparison)
    return Families(classical.name, deep.name, metric, found)


def _mean(values: object) -> float:
    return float(np.mean(list(values)))  # type: ignore[call-overload]
