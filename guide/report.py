"""A decision as lines of text, in brief or whole."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from guide.decision import Decision
from guide.short import ShortDecision

Sections = Iterator[tuple[str, list[str]]]


def short(decision: ShortDecision, width: int) -> Iterator[str]:
    """What people read first."""
    yield from _lines(decision, _short_sections(decision), width)
    yield (
        f"decision {decision.decision_id}, rules {decision.ruleset_version}; "
        "--detail full says everything"
    )


def full(decision: Decision, width: int) -> Iterator[str]:
    """The whole decision."""
    yield from _lines(decision, _sections(decision), width)
    yield f"decision {decision.decision_id}, rules {decision.ruleset_version}"


def in_words(verdict: str) -> str:
    """A verdict as people write it: `classical_ml` is classical ML."""
    return verdict.replace("_", " ").replace("classical ml", "classical ML")


def _lines(decision: Decision | ShortDecision, sections: Sections, width: int) -> Iterator[str]:
    verdict = in_words(decision.verdict)
    contested = " (contested)" if decision.contested else ""
    yield from textwrap.wrap(f"{verdict}{contested}: {decision.summary}", width)
    for title, lines in sections:
        if lines:
            yield ""
            yield title
            yield from _indented(lines, width)
    yield ""


def _indented(lines: Iterable[str], width: int) -> Iterator[str]:
    for line in lines:
        yield from textwrap.wrap(line, width, initial_indent="  ", subsequent_indent="      ")


def _short_sections(decision: ShortDecision) -> Sections:
    yield "Try", [f"{c.rank}. {c.name}: {c.why}" for c in decision.candidates]
    yield "Conflicts", decision.conflicts
    yield "Not stated, and it matters", [f"{m.fact}: {m.how}" for m in decision.missing_facts]
    yield "Would change the verdict", [f"{_shown(c.change)}: {c.verdict}" for c in decision.changes]
    yield "Bears on it", decision.bears_on_it


def _sections(decision: Decision) -> Sections:
    yield (
        "Try",
        [f"{c.rank}. {c.name}: {c.why}. Mind: {'; '.join(c.caveats)}" for c in decision.candidates],
    )
    fired = [rule for rule in decision.rules if rule.status == "fired"]
    yield (
        "Rules that fired",
        [f"{r.id} (section {r.section}) {r.outcome}: {r.statement}" for r in fired],
    )
    yield (
        "Conflicts",
        [
            f"{c.winner} over {c.rules[1]}: {c.principle}; lost: {c.lost}"
            for c in decision.conflicts
        ],
    )
    yield "Where the guide is silent", decision.practice
    yield "Assumed", [f"{a.text} ({a.rule})" for a in decision.assumptions]
    yield "Not met", [f"{need.need}: {need.why}" for need in decision.unmet]
    yield "Not stated, and it matters", [f"{m.fact}: {m.how}" for m in decision.missing_facts]
    flips = [f"{_shown(c.change)}: {c.verdict}" for c in decision.counterfactuals_same_problem]
    yield "Would change the verdict of the same problem", flips
    yield "Bears on it", decision.bears_on_it
    yield (
        "Evidence",
        [f"{e.stance} {', '.join(e.rules)}: {e.claim} ({e.citation})" for e in decision.evidence],
    )


def _shown(change: Mapping[str, Any]) -> str:
    return " and ".join(f"{fact} = {_value(value)}" for fact, value in change.items())


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower()
