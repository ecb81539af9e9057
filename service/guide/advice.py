"""What to try and what to read: candidates, comparison, evidence for one decision."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from service.guide import decision as d
from service.guide.engine import Outcome, Resolution
from service.guide.facts import Facts
from service.guide.library import Entry, Library, holds
from service.guide.rules import Strategy

# The rules after which cheap, or clear, candidates come first.
_BUDGET, _EXPLAINABILITY = "R5", "R4"


def cautions(tables: Library, facts: Facts) -> list[str]:
    """What is said before anything else."""
    return [says for when, says in tables.cautions if holds(when, facts)]


def candidates(
    tables: Library,
    served: Collection[str],
    facts: Facts,
    outcome: Outcome,
    resolution: Resolution,
) -> list[d.Candidate]:
    """What to try, best first; `served` are the names of models that can show it."""
    said = cautions(tables, facts)
    chosen = _ranked(tables, facts, outcome, resolution)
    return [
        d.Candidate(
            rank=rank,
            name=entry.data.name,
            family=entry.data.family,
            architecture=entry.data.architecture,
            why=entry.data.why,
            rules=_speaking_for(entry, resolution),
            caveats=[*said, *entry.data.caveats, *_if_fits(entry, facts)],
            served_model=(entry.data.served_model if entry.data.served_model in served else None),
        )
        for rank, entry in enumerate(chosen, 1)
    ]


def _ranked(tables: Library, facts: Facts, outcome: Outcome, resolution: Resolution) -> list[Entry]:
    fitting = _fitting(tables, facts, outcome.strategy)
    fired = {voice.rule.id for voice in resolution.fired}

    def key(entry: Entry) -> tuple[bool, int, int]:
        data = entry.data
        other = outcome.verdict != "hybrid" and data.family != outcome.verdict
        clarity = -data.clarity if _EXPLAINABILITY in fired else 0
        return other, clarity, data.cost if _BUDGET in fired else 0

    return sorted(fitting, key=key)


def _fitting(tables: Library, facts: Facts, strategy: Strategy) -> list[Entry]:
    entries = [e for e in tables.candidates if strategy in e.data.strategies]
    certain = [e for e in entries if e.fits(facts)]
    return certain or [e for e in entries if e.data.default and e.fits(facts) is None]


def comparison(tables: Library, resolution: Resolution) -> list[d.ComparisonRow]:
    """The rows of the side-by-side table that the fired rules are about."""
    fired = {voice.rule.id for voice in resolution.fired}
    return [
        d.ComparisonRow(
            property=row.property,
            classical_ml=row.classical_ml,
            deep_learning=row.deep_learning,
        )
        for row in tables.comparison.rows
        if fired.intersection(row.rules)
    ]


def evidence(tables: Library, facts: Facts, resolution: Resolution) -> list[d.Evidence]:
    """The studies beside the fired rules that concern this data and task."""
    cited: dict[str, list[str]] = {}
    for voice in resolution.fired:
        for study in voice.rule.evidence:
            cited.setdefault(study, []).append(voice.rule.id)
    studies = [(tables.studies[study], rules) for study, rules in cited.items()]
    return [
        d.Evidence(
            id=study.id, rules=rules, claim=study.claim, stance=study.stance,
            citation=study.citation, url=study.url, year=study.year,
        )
        for study, rules in studies
        if _concerns(study.modalities, facts.modalities)
        and _concerns(study.tasks, facts.task and [facts.task])
    ]  # fmt: skip


def _speaking_for(entry: Entry, resolution: Resolution) -> list[str]:
    family = entry.data.family
    return [
        voice.rule.id
        for voice in resolution.fired
        if family in voice.clause.families
        or (resolution.verdict == "hybrid" and "hybrid" in voice.clause.families)
    ]


def _if_fits(entry: Entry, facts: Facts) -> list[str]:
    if entry.fits(facts):
        return []
    unknown = dict.fromkeys(c.fact for c in entry.when if getattr(facts, c.fact) is None)
    return [f"offered without knowing {' and '.join(unknown)}; state it for candidates that fit"]


def _concerns(about: Sequence[Any] | None, stated: Sequence[Any] | None) -> bool:
    return about is None or stated is None or not set(about).isdisjoint(stated)
