"""From counts to a verdict: which fields drift, how far, and how sure that is.

Each check of a field has an effect, relative to what is tolerated, and a p-value. A field drifts if
the effect is above 1 and the p-value, adjusted for all checks of the model by Holm's method, is at
most `SURPRISE`. So rows like those of training give a false alarm in at most one of a thousand
windows, and a difference that is real but small gives none, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, Literal, NamedTuple

import numpy as np

from contract.seen import Range
from service.drift.fields import SURPRISE, CategoryField, Field, NumberField
from service.drift.significance import (
    holm,
    population_stability_index,
    same_distribution,
    share_above,
    share_below,
)
from service.drift.tally import CategoryCounts, NumberCounts, Tallied, Tally

# Fewer rows are not judged.
LEAST_ROWS = 100
# A population with a lower index is stable (Siddiqi, 2006).
STABLE = 0.1
# Shares of missing values may differ so much.
MISSING_DIFFERENCE = 0.05

# What may be missing: a row always has its images and answers.
_OF_COLUMNS = ("number", "category", "text", "array")

Status = Literal["ok", "drifting", "too_few_rows", "no_reference"]


class Check(NamedTuple):
    """One comparison of a field with training.

    Attributes:
        effect: the difference, relative to what is tolerated.
        p: p-value of the hypothesis that nothing changed, or no more than is tolerated.
        sentence: what is seen; said if the field drifts.
    """

    effect: float
    p: float
    sentence: str


@dataclass
class Finding:
    """The verdict about one field, and what it rests on."""

    name: str
    content: str
    checks: list[Check]
    details: dict[str, Any]
    status: Status = "ok"
    reasons: list[str] = attribute(default_factory=list)

    @property
    def score(self) -> float | None:
        """The largest effect: above 1 it is more than tolerated. None if nothing was compared."""
        return max((check.effect for check in self.checks), default=None)


def judge(tally: Tally, counted: Tallied) -> dict[str, Finding]:
    """The verdict about every field, by its content and name.

    Args:
        counted: the counts of a window.
    """
    numbers = [_of_number(f, tally.of_number(counted, i)) for i, f in enumerate(tally.numbers)]
    categories = [
        _of_category(f, tally.of_category(counted, i)) for i, f in enumerate(tally.categories)
    ]
    findings = [*numbers, *categories]
    fields: list[Field] = [*tally.numbers, *tally.categories]
    for known, finding in zip(fields, findings, strict=True):
        if counted[0] < LEAST_ROWS:
            finding.status, finding.checks = "too_few_rows", []
        if not known.has_reference:
            finding.status = "no_reference"
    _decide(findings)
    return {f"{finding.content}:{finding.name}": finding for finding in findings}


def _decide(findings: Sequence[Finding]) -> None:
    checks = [(finding, check) for finding in findings for check in finding.checks]
    adjusted = holm([check.p for _, check in checks])
    for (finding, check), p in zip(checks, adjusted, strict=True):
        if check.effect > 1 and p <= SURPRISE:
            finding.status = "drifting"
            finding.reasons.append(f"{check.sentence} (p {_p(p)})")


def _of_number(known: NumberField, counts: NumberCounts) -> Finding:
    details: dict[str, Any] = {"rows": counts.values + counts.missing}
    checks: list[Check] = []
    if known.content in _OF_COLUMNS:
        checks += _missing(known.name, known.missing, counts.missing, counts.values, details)
    values = counts.values
    if known.averaged:
        details["mean"] = counts.mean
    if known.tells_unlike:

        def unlike(share: float) -> str:
            return f"{share:.1%} of {known.name} are unlike training's in brightness"

        checks += _share_above_tolerated("unlike", known, counts.above, values, unlike, details)
    elif known.seen is not None:
        checks += _outside(known, known.seen, counts, details)
    if known.edges or known.histogram:
        details["bins"] = _bins(known, counts)
    if known.histogram is not None and values:
        reference = np.array(known.histogram.shares) * known.histogram.values
        ends = [bin_["up_to"] for bin_ in details["bins"]]
        names = [_interval(low, high) for low, high in zip([None, *ends], ends, strict=False)]
        checks += _distribution(known.name, names, counts.bins, reference, details)
    details["unknown"] = list(known.unknown)
    return Finding(known.name, known.content, checks, details)


def _of_category(known: CategoryField, counts: CategoryCounts) -> Finding:
    details: dict[str, Any] = {"rows": counts.values + counts.missing}
    checks: list[Check] = []
    if known.content in _OF_COLUMNS:
        checks += _missing(known.name, known.missing, counts.missing, counts.values, details)
    values = counts.values
    names = [*known.categories, "all others"]
    if known.categories:
        details["categories"] = _categories(known, counts, names)
    if known.categories and known.content == "category":

        def unseen(share: float) -> str:
            return f"{known.name} has a category that training never saw in {share:.1%} of the rows"

        checks += _share_above_tolerated("unseen", known, counts.unseen, values, unseen, details)
    if known.reference and values:
        reference = np.array(known.reference)
        checks += _distribution(known.name, names, counts.categories, reference, details)
    details["unknown"] = list(known.unknown)
    return Finding(known.name, known.content, checks, details)


def _categories(
    known: CategoryField, counts: CategoryCounts, names: Sequence[str]
) -> list[dict[str, Any]]:
    values, total = counts.values, sum(known.reference)
    shares = [count / total for count in known.reference] if total else [None] * len(names)
    found = [
        {"category": name, "share": count / values if values else None, "reference": share}
        for name, count, share in zip(names, counts.categories.tolist(), shares, strict=True)
    ]
    return found if known.has_rest else found[:-1]


def _missing(
    name: str, before: float | None, missing: int, values: int, details: dict[str, Any]
) -> Iterator[Check]:
    rows = missing + values
    share = missing / rows if rows else None
    details["missing"] = {"share": share, "reference": before}
    if share is None or before is None:
        return
    if share >= before:
        p = share_above(missing, rows, min(1.0, before + MISSING_DIFFERENCE))
    else:
        p = share_below(missing, rows, max(0.0, before - MISSING_DIFFERENCE))
    yield Check(
        abs(share - before) / MISSING_DIFFERENCE,
        p,
        f"{name} is missing in {share:.1%} of the rows and was in {before:.1%} in training",
    )


def _outside(
    known: NumberField, seen: Range, counts: NumberCounts, details: dict[str, Any]
) -> Iterator[Check]:
    values, outside = counts.values, counts.below + counts.above
    details["outside"] = {
        "below": counts.below / values if values else None,
        "above": counts.above / values if values else None,
        "low": seen.low,
        "high": seen.high,
        "tolerated": known.tolerated,
    }
    if not values:
        return
    if counts.above >= counts.below:
        what = f"above {seen.high:g}, training's highest, in {counts.above / values:.1%}"
    else:
        what = f"below {seen.low:g}, training's lowest, in {counts.below / values:.1%}"
    yield Check(
        outside / values / known.tolerated,
        share_above(outside, values, known.tolerated),
        f"{known.name} is {what} of the rows",
    )


def _share_above_tolerated(
    kind: str,
    known: Field,
    count: int,
    values: int,
    sentence: Callable[[float], str],
    details: dict[str, Any],
) -> Iterator[Check]:
    """Whether more values than tolerated are unlike training's; `sentence` makes the reason."""
    share = count / values if values else None
    details[kind] = {"share": share, "tolerated": known.tolerated}
    if share is not None:
        yield Check(
            share / known.tolerated,
            share_above(count, values, known.tolerated),
            sentence(share),
        )


def _distribution(
    name: str,
    bins: Sequence[str],
    now: Tallied,
    reference: np.ndarray[Any, np.dtype[np.float64]],
    details: dict[str, Any],
) -> Iterator[Check]:
    if not now.sum():
        return
    index = population_stability_index(now, reference)
    p = same_distribution(now, reference)
    details["stability_index"] = index
    if p is None:
        return
    a, b = now / now.sum(), reference / reference.sum()
    most = int(np.abs(a - b).argmax())
    yield Check(
        index / STABLE,
        p,
        f"{name} is distributed otherwise: population stability index {index:.2f}, "
        f"{bins[most]} {a[most]:.1%} instead of {b[most]:.1%}",
    )


def _bins(known: NumberField, counts: NumberCounts) -> list[dict[str, Any]]:
    shares: Sequence[float | None] = [None] * (len(known.edges) + 1)
    if known.histogram is not None:
        shares = known.histogram.shares
    values = counts.values
    return [
        {"up_to": end, "share": count / values if values else None, "reference": share}
        for end, count, share in zip(
            [*known.edges, None], counts.bins.tolist(), shares, strict=True
        )
    ]


def _interval(low: float | None, high: float | None) -> str:
    if low is None:
        return "all values" if high is None else f"up to {high:g}"
    return f"above {low:g}" if high is None else f"above {low:g} up to {high:g}"


def _p(p: float) -> str:
    return "below 1e-9" if p < 1e-9 else f"{p:.1g}"
