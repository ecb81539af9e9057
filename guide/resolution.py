"""How the clauses that fire combine: what each does, the verdict, and whether it is contested.

Clauses apply tier by tier. A clause whose families overlap the admissible ones narrows them; any
other clause is overridden, and the conflict is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from guide.rules import FAMILIES, Clause, Family, Rule, Tier, Verdict
from guide.space import FactMask

Status = Literal["fired", "not_fired", "unknown"]
Effect = Literal["decides", "agrees", "shapes", "overridden"]

# The families that a verdict uses: a hybrid uses both.
_COVER = {
    "classical_ml": {"classical_ml"},
    "deep_learning": {"deep_learning"},
    "hybrid": {"classical_ml", "deep_learning"},
}
_FEASIBILITY = 0

Test = tuple[tuple[int, int], ...]
Rank = tuple[int, int]


@dataclass(frozen=True)
class CompiledClause:
    """A clause with its rule, its rank and its conditions compiled to masks.

    Attributes:
        data: the clause as `rules.yaml` states it.
        rank: tier and position in the file; a lower rank applies first.
        unknown: the mask of each fact when it is not stated.
    """

    rule: Rule
    data: Clause
    tier: Tier
    rank: Rank
    when: Test
    unless: Test
    unknown: FactMask

    @property
    def name(self) -> str:
        """`<rule>.<clause>`."""
        return f"{self.rule.id}.{self.data.id}"

    def status(self, masks: FactMask) -> Status:
        """Whether the clause fires for these masks, which `ordered` has narrowed."""
        status: Status = "fired"
        for fact, mask in self.when:
            possible = masks[fact]
            if not possible & mask:
                return "not_fired"
            if possible & ~mask:
                status = "unknown"
        if any(self.blocks(masks, fact, mask) for fact, mask in self.unless):
            return "not_fired"
        return status

    def blocks(self, masks: FactMask, fact: int, mask: int) -> bool:
        """Whether an `unless` is known to hold."""
        return not masks[fact] & ~mask and masks[fact] != self.unknown[fact]

    def assumptions(self, masks: FactMask) -> list[tuple[str, str]]:
        """What the clause, if it fires, assumes about unknown facts: (fact, sentence) pairs."""
        return [
            (unless.condition.fact, unless.assumption)
            for unless, (fact, mask) in zip(self.data.unless, self.unless, strict=True)
            if masks[fact] & mask and not self.blocks(masks, fact, mask)
        ]


@dataclass(frozen=True)
class Conflict:
    """`loser` was overridden by `winner`."""

    winner: CompiledClause
    loser: CompiledClause


@dataclass(frozen=True)
class Resolution:
    """The verdict of the fired clauses.

    Attributes:
        effects: what each fired clause did, by its name, in order of rank.
        contested: whether a stated signal for the other family lost, or the guide has a gap.
        runner_up: the verdict without the clauses that overrode it; None if not contested.
    """

    verdict: Verdict
    effects: dict[str, Effect]
    conflicts: tuple[Conflict, ...]
    decider: CompiledClause | None
    contested: bool = False
    runner_up: Verdict | None = None
    fired: tuple[CompiledClause, ...] = field(default=())


def resolve(fired: tuple[CompiledClause, ...]) -> Resolution:
    """The verdict of clauses that fire, given in order of rank."""
    return _contest(replace(_meet(fired), fired=fired))


def _meet(fired: Sequence[CompiledClause]) -> Resolution:
    """Apply the clauses in turn."""
    admissible = set(FAMILIES)
    applied: list[CompiledClause] = []
    effects: dict[str, Effect] = {}
    conflicts = []
    decider: CompiledClause | None = None
    for clause in fired:
        families = set(clause.data.families)
        if not admissible & families:
            effects[clause.name] = "overridden"
            conflicts.append(Conflict(_winner(applied, families), clause))
            continue
        admissible &= families
        applied.append(clause)
        if decider is None and len(admissible) == 1:
            decider = clause
            effects[clause.name] = "decides"
        else:
            effects[clause.name] = "shapes" if clause.data.shapes else "agrees"
    verdict: Verdict = "insufficient_information"
    if len(admissible) == 1:
        (verdict,) = admissible
    return Resolution(verdict, effects, tuple(conflicts), decider)


def _winner(applied: Sequence[CompiledClause], families: set[Family]) -> CompiledClause:
    """The clause that ruled out the last of these families."""
    left = set(families)
    for clause in applied:
        left &= set(clause.data.families)
        if not left:
            return clause
    raise AssertionError("an overridden clause was overridden by something")


def _contest(resolution: Resolution) -> Resolution:
    """Record whether a serious alternative was overridden, and which."""
    decider = resolution.decider
    if decider is None or decider.data.tier == _FEASIBILITY:
        return resolution
    for conflict in resolution.conflicts:
        if _rivals(conflict, resolution.verdict):
            runner_up = _runner_up(resolution, decider, conflict.loser)
            return replace(resolution, contested=True, runner_up=runner_up)
    if decider.data.contested_by is not None:
        return replace(resolution, contested=True, runner_up=decider.data.contested_by)
    return resolution


def _rivals(conflict: Conflict, verdict: Verdict) -> bool:
    """Whether the loser contests the verdict: it was stated, and the verdict uses none of it.

    An assumption does not contest. Neither family contests a hybrid, which uses both.
    """
    loser = conflict.loser
    families = set(loser.data.families)
    wanted = families - {"hybrid"} or _COVER["hybrid"]
    return loser.tier.contests and wanted.isdisjoint(_COVER[verdict])


def _runner_up(resolution: Resolution, decider: CompiledClause, loser: CompiledClause) -> Verdict:
    """The verdict without the clauses of the deciding tier that exclude the loser.

    If clauses of other tiers exclude it too, the family that the loser asks for.
    """
    families = set(loser.data.families)
    rest = [
        clause
        for clause in resolution.fired
        if clause.data.tier != decider.data.tier or families & set(clause.data.families)
    ]
    verdict = _meet(rest).verdict
    if verdict in ("insufficient_information", resolution.verdict):
        return loser.data.families[0]
    return verdict
