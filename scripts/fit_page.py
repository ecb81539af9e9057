"""UCI's tables on docs/fit.md, from docs/results/fit.json."""

from __future__ import annotations

from typing import Any

from scripts.guide_tables import table

_TITLES = {"log_loss": "log loss", "accuracy": "accuracy", "auc": "AUC", "rmse": "RMSE"}


def section(measured: dict[str, Any]) -> str:
    """Every candidate on every problem, and the bars."""
    problems = measured["problems"]
    budgets = sorted({f"{found['budget']:g}" for found in problems.values()})
    parts = [
        f"`python -m benchmarks fit`, {' or '.join(budgets)} s for each, {measured['cores']} cores "
        f"of {measured['processor']}. Bars are the best single figures of an earlier prototype, "
        "whatever the candidate, less one standard error.",
    ]
    for name, found in problems.items():
        parts += [f"### {name}", _about(found), _candidates(found)]
    rows = [_bar(name, bar) for name, found in problems.items() for bar in found["bars"]]
    header = ("problem", "figure", "prototype", "bar", "here", "by", "reached")
    return "\n\n".join([*parts, "### Bars", table(header, rows)])


def _about(found: dict[str, Any]) -> str:
    splits = f"{found['splits']} splits" if found["splits"] > 1 else "one split"
    return (
        f"{found['rows']:,} rows, {found['repeated_rows']:,} of them twins; {splits}; "
        f"{found['seconds']:.0f} s from file to served models. {' '.join(found['verdict'])}"
    )


def _candidates(found: dict[str, Any]) -> str:
    figures = [name for name in _TITLES if name in found["baseline"]]
    header = ("candidate", *(_TITLES[name] for name in figures), "behind", "s", "MB", "µs a row")
    rows = [_candidate(one, figures) for one in found["candidates"]]
    baseline = (f"{found['baseline'][name]:.4f}" for name in figures)
    return table(header, [*rows, ("(baseline)", *baseline, "", "", "", "")])


def _candidate(one: dict[str, Any], figures: list[str]) -> tuple[str, ...]:
    if one["failed"]:
        return (one["candidate"], *("" for _ in figures), one["failed"], "", "", "")
    behind = "best"
    if one["behind"]:
        found = one["behind"]
        behind = f"{found['mean']:.2g} ({found['low']:.2g} to {found['high']:.2g})"
        behind += ", as good" if one["as_good_as_best"] else ""
    return (
        one["candidate"],
        *(f"{one['figures'][name]:.4f}" for name in figures),
        behind,
        f"{one['seconds']:.1f}",
        f"{one['megabytes']:.2f}",
        f"{one['microseconds_per_row']:.0f}",
    )


def _bar(name: str, bar: dict[str, Any]) -> tuple[str, ...]:
    return (
        name,
        _TITLES[bar["metric"]],
        f"{bar['prototype']:g}",
        f"{bar['limit']:.4f}",
        f"{bar['ours']:.4f}",
        bar["candidate"],
        "yes" if bar["reached"] else "no",
    )
