"""What to try and what to read for one decision: candidates, comparison, evidence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from guide import decision as d
from guide import latency
from guide.engine import Outcome
from guide.facts import Facts
from guide.resolution import CompiledClause, Resolution
from guide.rules import FAMILIES, Strategy
from guide.tables import CandidateEntry, Entry, GapEntry, Library

# The rules that put cheap candidates, clear ones or ones for few labels first.
_BUDGET, _EXPLAINABILITY, _LABELS = "R5", "R4", "R3"
_FEW_LABELS = frozenset({"regularised_classical", "transfer_learning_frozen_backbone"})
# What needs no labels serves any task.
_ANY_TASK = frozenset({"label_first", "pretrained_without_labels"})
_WITHOUT_LABELS = frozenset({"label_first", "unsupervised"})
# Highest cost that counts as cheap and lowest clarity that counts as clear, of 1 to 5.
_CHEAP, _CLEAR = 2, 4
# Lowest clarity of what is offered where an explanation is required: paths or exact attributions
# over features that have names.
_FOLLOWED = 3
# Tasks that have specialised models, and those for which no other model will do.
_SPECIAL = frozenset(
    {"recommendation", "forecasting", "log_analysis", "multi_label", "anomaly_detection"}
)
_MADE_FOR = frozenset(
    {
        "clustering",
        "survival",
        "ranking",
        "detection",
        "segmentation",
        "time_series_classification",
        "generation",
    }
)


def cautions(tables: Library, facts: Facts) -> list[str]:
    """The warnings that come before anything else."""
    return [entry.data.says for entry in tables.cautions if entry.fits(facts)]


def gaps(tables: Library, facts: Facts) -> list[GapEntry]:
    """What the guide does not speak of in these facts, and what practitioners do."""
    return [entry.data for entry in tables.gaps if entry.fits(facts)]


def candidates(
    tables: Library,
    served: Collection[str],
    facts: Facts,
    chosen: Sequence[Entry[CandidateEntry]],
    resolution: Resolution,
) -> list[d.Candidate]:
    """The `ranked` ones as told; `served` names models of this service that demonstrate one."""
    said = cautions(tables, facts)
    return [
        d.Candidate(
            rank=rank,
            name=entry.data.name,
            family=entry.data.family,
            architecture=entry.data.architecture,
            why=entry.data.why,
            rules=_supporting(entry, resolution),
            caveats=[
                *said,
                *entry.data.caveats,
                *latency.compared(entry.data, facts),
                *_if_fits(entry, facts),
            ],
            served_model=(entry.data.served_model if entry.data.served_model in served else None),
        )
        for rank, entry in enumerate(chosen, 1)
    ]


def ranked(
    tables: Library, facts: Facts, outcome: Outcome, resolution: Resolution
) -> list[Entry[CandidateEntry]]:
    """What to try, best first: by latency, family of the verdict, task, clarity and cost."""
    fired = {clause.rule.id for clause in resolution.fired}
    heard = {
        clause.rule.id
        for clause in resolution.fired
        if resolution.effects[clause.name] != "overridden"
    }

    def key(entry: Entry[CandidateEntry]) -> tuple[bool, bool, bool, int, int]:
        data = entry.data
        other = outcome.verdict != "hybrid" and data.family != outcome.verdict
        general = facts.task in _SPECIAL and not _specialised(entry)
        clarity = -data.clarity if _EXPLAINABILITY in heard else 0
        slow = latency.exceeds(data, facts)
        return slow, other, general, clarity, data.cost if _BUDGET in fired else 0

    found = _fitting(tables, facts, outcome.strategy)
    if facts.explainability == "required" and outcome.verdict == "classical_ml":
        found = [entry for entry in found if entry.data.clarity >= _FOLLOWED] or found
    if outcome.strategy in _WITHOUT_LABELS and outcome.verdict == "classical_ml":
        # What ruled out a network for the model rules it out for the labels too.
        found = [entry for entry in found if entry.data.family == outcome.verdict]
    return sorted(found, key=key)


def _fitting(tables: Library, facts: Facts, strategy: Strategy) -> list[Entry[CandidateEntry]]:
    entries = [e for e in tables.candidates if strategy in e.data.strategies]
    certain = [e for e in entries if e.fits(facts)]
    if facts.task in _MADE_FOR and strategy not in _ANY_TASK:
        certain = [e for e in certain if _specialised(e)] or certain
    return certain or [e for e in entries if e.data.default and e.fits(facts) is None]


def _specialised(entry: Entry[CandidateEntry]) -> bool:
    """Whether it is made for a task; what classifies is for any."""
    return any(c.fact == "task" and "classification" not in c.operand for c in entry.when)


def comparison(tables: Library, resolution: Resolution) -> list[d.ComparisonRow]:
    """The rows of the side-by-side table that concern the fired rules."""
    fired = {clause.rule.id for clause in resolution.fired}
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
    """The studies and own measurements beside the fired rules that cover this data and task."""
    cited: dict[str, list[str]] = {}
    for clause in resolution.fired:
        for study in clause.rule.cited(clause.data):
            cited.setdefault(study, []).append(clause.rule.id)
    # A clause without studies of its own is one that studies of its rule do not bear on.
    fired = {c.rule.id for c in resolution.fired if c.rule.cited(c.data)}
    found = [
        *((tables.studies[study], rules) for study, rules in cited.items()),
        *((study, [r for r in study.rules if r in fired]) for study in tables.measured),
    ]
    return [
        d.Evidence(
            id=study.id, rules=rules, claim=study.claim, stance=study.stance,
            citation=study.citation, url=study.url, year=study.year,
        )
        for study, rules in found
        if rules
        and _within(study.max_rows, facts.n_rows)
        and _within(study.max_features, facts.n_features)
        and _concerns(study.modalities, facts.modalities)
        and _concerns(study.tasks, facts.task and [facts.task])
    ]  # fmt: skip


def _supporting(entry: Entry[CandidateEntry], resolution: Resolution) -> list[str]:
    """The fired rules that chose the candidate's family, or favour it within the family."""
    return [clause.rule.id for clause in resolution.fired if _supports(clause, entry, resolution)]


def _supports(clause: CompiledClause, entry: Entry[CandidateEntry], resolution: Resolution) -> bool:
    data, families = entry.data, clause.data.families
    if len(families) < len(FAMILIES):
        hybrid = resolution.verdict == "hybrid" and "hybrid" in families
        return data.family in families or hybrid
    if clause.rule.id == _LABELS:
        return not _FEW_LABELS.isdisjoint(data.strategies)
    if clause.rule.id == _BUDGET:
        return data.cost <= _CHEAP
    return data.clarity >= _CLEAR


def _if_fits(entry: Entry[CandidateEntry], facts: Facts) -> list[str]:
    if entry.fits(facts):
        return []
    unknown = dict.fromkeys(c.fact for c in entry.when if getattr(facts, c.fact) is None)
    return [f"offered without knowing {' and '.join(unknown)}; state it for candidates that fit"]


def _within(limit: int | None, count: int | None) -> bool:
    return limit is None or count is None or count <= limit


def _concerns(about: Sequence[Any] | None, stated: Sequence[Any] | None) -> bool:
    return about is None or stated is None or not set(about).isdisjoint(stated)
