"""The outcome of a fit in sentences, and as the manifest keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from contract.records import (
    AdviceRecord,
    CandidateRecord,
    ComparisonRecord,
    DifferenceRecord,
    FamiliesRecord,
)
from training.fit.comparison import Comparison, Entrant
from training.fit.intervals import LEAST_SPLITS, Difference
from training.fit.options import Options
from training.fit.plan import Plan
from training.fit.scores import ACCURACY, CLASSIFICATION, LOG_LOSS, REGRESSION, RMSE, Metric
from training.fit.verdict import Cost, Families, Standing, Verdict, mean_of, standard_error

_FAMILIES = {"classical_ml": "classical models", "deep_learning": "networks"}


def model_names(options: Options, verdict: Verdict) -> dict[str, str]:
    """The model that serves each candidate: the chosen one has the plain name."""
    return {
        s.entrant.name: options.name if s is verdict.chosen else f"{options.name}-{s.entrant.name}"
        for s in verdict.standings
    }


def record(
    plan: Plan,
    options: Options,
    comparison: Comparison,
    verdict: Verdict,
    costs: Mapping[str, Cost],
    failed: Mapping[str, str],
) -> ComparisonRecord:
    """What every candidate's manifest holds of the comparison."""
    names = model_names(options, verdict)
    metrics = CLASSIFICATION if plan.problem.labels else REGRESSION
    fitted = [_fitted(s, names, costs, verdict, comparison) for s in verdict.standings]
    titles = {e.name: e for e in comparison.entrants}
    return ComparisonRecord(
        target=options.target,
        chosen=options.name,
        verdict=tuple(sentences(plan, options, comparison, verdict)),
        advice=AdviceRecord(
            verdict=plan.decision.verdict,
            strategy=plan.decision.strategy,
            summary=plan.decision.summary,
            contested=plan.decision.contested,
            facts=plan.facts,
        ),
        families=_families(verdict.families),
        metric=verdict.metric.name,
        splits=len(comparison.splits),
        rows=len(plan.problem),
        repeated_rows=plan.problem.repeated,
        baseline={
            m.name: float(np.mean([f.values[m.name] for f in comparison.baseline]))
            for m in metrics
            if all(m.name in f.values for f in comparison.baseline)
        },
        candidates=(*fitted, *(_failed(titles[name], why) for name, why in failed.items())),
        left_out=dict(plan.problem.left_out),
        budget_seconds=options.budget,
        interrupted=comparison.interrupted,
    )


def sentences(
    plan: Plan, options: Options, comparison: Comparison, verdict: Verdict
) -> Iterator[str]:
    """The outcome, the most important first."""
    if found := _baseline(comparison, verdict):
        yield found
    yield _choice(verdict)
    if found := _guide(plan, options, verdict):
        yield found
    if comparison.interrupted:
        yield "It was stopped early; the figures are of what was done."
    if (splits := len(comparison.splits)) < LEAST_SPLITS:
        measured = "one split was" if splits == 1 else f"{splits} splits were"
        yield (
            f"{measured.capitalize()} measured, so the intervals do not show how the figures "
            "change with the rows that are trained on."
        )


def _baseline(comparison: Comparison, verdict: Verdict) -> str | None:
    """A warning where nothing was learnt, or so little that it may be chance."""
    if verdict.baseline.high < 0:
        return None
    metric, chosen = verdict.metric, verdict.chosen
    without = float(np.mean([f.values[metric.name] for f in comparison.baseline]))
    return (
        f"{chosen.entrant.name} cannot be told from the baseline, which looks at no column "
        f"({metric.title} {chosen.value:.4g} against {without:.4g}): these columns may not tell "
        "the target."
    )


def _choice(verdict: Verdict) -> str:
    chosen, metric, best = verdict.chosen, verdict.metric, verdict.standings[0]
    value = f"{metric.title} {chosen.value:.4g}"
    tied = [s for s in verdict.standings if s.tied and s not in (chosen, best)]
    if chosen is best and not tied:
        second = next((s for s in verdict.standings if s is not chosen), None)
        lead = ""
        if second is not None and second.behind is not None:
            lead = f", {_spread(second.behind)} better than {second.entrant.name}"
        return f"{chosen.entrant.name} is the best ({value}{lead})."
    allowed = [s for s in tied if s.barred is None]
    barred = [s for s in (best, *tied) if s.barred is not None]
    why = "".join(f" {s.entrant.name} is not allowed: {s.barred}." for s in barred)
    if chosen is best:
        others = "it is not" if len(tied) == 1 else "none of them is"
        return (
            f"{chosen.entrant.name} is taken ({value}), the best by that figure. Its lead over "
            f"{_listed(tied)} is unclear or tiny, but {others} easier to understand, or as easy "
            f"and cheaper.{why}"
        )
    if chosen.tied:
        too = f", as {'do' if len(allowed) > 1 else 'does'} {_listed(allowed)}" if allowed else ""
        return (
            f"{chosen.entrant.name} is taken ({value}): it comes as near to the best, "
            f"{best.entrant.name}, as can be told{too}. Of these it is the clearest to a person, "
            f"and of equally clear ones the cheapest.{why}"
        )
    behind = _spread(chosen.behind) if chosen.behind else "0"
    return (
        f"{chosen.entrant.name} is taken ({value}), the best that is allowed or as good as that; "
        f"it trails {best.entrant.name} by {behind}.{why}"
    )


def _listed(standings: Sequence[Standing]) -> str:
    return ", ".join(s.entrant.name for s in standings)


def _guide(plan: Plan, options: Options, verdict: Verdict) -> str | None:
    """The guide's word beside the best classical model against the best network."""
    if verdict.families is None:
        return None
    classical, deep = verdict.families.classical, verdict.families.deep
    found = verdict.families.difference
    points = bool(plan.problem.labels)
    if not points:  # a lower error is better
        found = Difference(-found.mean, -found.high, -found.low)
    advised = plan.decision.verdict
    said = {
        "classical_ml": "The guide said classical models",
        "deep_learning": "The guide said networks",
        "hybrid": "The guide said to try both",
    }.get(advised, "The guide did not know enough")
    if not found.is_clear:
        how = f"{classical} and {deep} cannot be told apart ({_measure(found, points)})"
        return f"{said}; on your data {how}."
    leads = "classical_ml" if found.mean > 0 else "deep_learning"
    ahead = found if found.mean > 0 else Difference(-found.mean, -found.high, -found.low)
    winner, loser = (classical, deep) if leads == "classical_ml" else (deep, classical)
    # Where some candidates were left out, a family may not have shown its best.
    wrong = advised in _FAMILIES and advised != leads and not options.only
    return (
        f"{said}; on your data {_FAMILIES[leads]} lead: {winner} over {loser} by "
        f"{_measure(ahead, points)}{', so it was wrong here' if wrong else ''}."
    )


def _measure(found: Difference, points: bool) -> str:
    if points:
        return (
            f"{100 * found.mean:.1f} points of accuracy, {100 * found.low:.1f} to "
            f"{100 * found.high:.1f}"
        )
    return f"{found.mean:.3g} of RMSE, {found.low:.3g} to {found.high:.3g}"


def _spread(behind: Difference) -> str:
    return f"{behind.mean:.2g} ({behind.low:.2g} to {behind.high:.2g})"


def _fitted(
    standing: Standing,
    names: Mapping[str, str],
    costs: Mapping[str, Cost],
    verdict: Verdict,
    comparison: Comparison,
) -> CandidateRecord:
    entrant, cost = standing.entrant, costs[standing.entrant.name]
    figures = {
        m.name: mean_of(entrant, m)
        for m in (*CLASSIFICATION, *REGRESSION)
        if any(m.name in run.figures.values for run in entrant.runs.values())
    }
    return CandidateRecord(
        candidate=entrant.name,
        title=entrant.title,
        model=names[entrant.name],
        family=entrant.family,
        figures=figures,
        standard_errors={
            m.name: standard_error(entrant, m, comparison)
            for m in (ACCURACY, LOG_LOSS, RMSE)
            if m.name in figures and figures[m.name] > 0
        },
        behind=standing.behind and _difference(standing.behind, verdict.metric),
        as_good_as_best=standing.tied,
        barred=standing.barred,
        failed=None,
        seconds=round(entrant.seconds, 3),
        megabytes=cost.bytes / 1e6,
        microseconds_per_row=round(cost.microseconds, 2),
        microseconds_per_row_batched=round(cost.microseconds_batched, 3),
        memory_megabytes=cost.memory / 1e6,
    )


def _difference(found: Difference, metric: Metric) -> DifferenceRecord:
    return DifferenceRecord(metric=metric.name, mean=found.mean, low=found.low, high=found.high)


def _families(found: Families | None) -> FamiliesRecord | None:
    if found is None:
        return None
    return FamiliesRecord(
        classical=found.classical,
        deep=found.deep,
        difference=_difference(found.difference, found.metric),
    )


def _failed(entrant: Entrant, why: str) -> CandidateRecord:
    nothing: dict[str, Any] = dict.fromkeys(
        ("model", "behind", "barred", "seconds", "megabytes", "microseconds_per_row",
         "microseconds_per_row_batched", "memory_megabytes")
    )  # fmt: skip
    return CandidateRecord(
        candidate=entrant.name,
        title=entrant.title,
        family=entrant.family,
        figures={},
        standard_errors={},
        as_good_as_best=False,
        failed=why,
        **nothing,
    )
