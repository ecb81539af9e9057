"""From a fact mask to a verdict: which clauses fire, and how they combine.

Clauses apply tier by tier. A clause whose families overlap the admissible ones narrows them; any
other clause is overridden, and the conflict is recorded. Pure functions of the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

from guide.facts import COUNTS, NAMES
from guide.rules import (
    FAMILIES,
    Clause,
    Family,
    Rule,
    Ruleset,
    Strategy,
    Tier,
    Verdict,
)
from guide.space import FactMask, Space, ordered

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
    rank: tuple[int, int]
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
        if any(self._true(masks, fact, mask) for fact, mask in self.unless):
            return "not_fired"
        return status

    def _true(self, masks: FactMask, fact: int, mask: int) -> bool:
        return not masks[fact] & ~mask and masks[fact] != self.unknown[fact]

    def assumptions(self, masks: FactMask) -> list[tuple[str, str]]:
        """What the clause, if it fires, assumes about unknown facts: (fact, sentence) pairs."""
        return [
            (unless.condition.fact, unless.assumption)
            for unless, (fact, _) in zip(self.data.unless, self.unless, strict=True)
            if masks[fact] == self.unknown[fact]
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


@dataclass(frozen=True)
class Outcome:
    """The part of a decision that depends on the facts alone.

    shaped_by: names of the clauses that chose the strategy.
    """

    verdict: Verdict
    contested: bool
    strategy: Strategy
    shaped_by: frozenset[str] = field(default=frozenset(), compare=False)


class Engine:
    """Applies the rules to fact masks.

    Args:
        rules: the rules.
        memory: most outcomes that are cached; None caches all.
    """

    def __init__(self, rules: Ruleset, memory: int | None = 2**14) -> None:
        clauses = [(rule, clause) for rule in rules.rules for clause in rule.clauses]
        selections = rules.document.strategies
        self.rules = rules
        self.space = Space(
            [c for _, clause in clauses for c in clause.when]
            + [u.condition for _, clause in clauses for u in clause.unless]
            + [c for selection in selections for c in selection.when]
        )
        self.clauses = tuple(self._compiled(rules))
        self._reads = {c.name: _reads(c) for c in self.clauses}
        self._tests = tuple(self._test(rule) for rule in rules.rules)
        self._selections: dict[Verdict, list[tuple[Strategy, frozenset[str], Test]]] = {}
        for chosen in selections:
            when = tuple(map(self.space.mask, chosen.when))
            entry = (chosen.strategy, frozenset(chosen.fired), when)
            self._selections.setdefault(chosen.verdict, []).append(entry)
        self.outcome = lru_cache(maxsize=memory)(self._outcome)
        self._outcomes: dict[tuple[Outcome, frozenset[str]], Outcome] = {}
        self._resolved = lru_cache(maxsize=2**12)(self._resolve)

    def _compiled(self, rules: Ruleset) -> Iterator[CompiledClause]:
        mask, tiers = self.space.mask, {tier.tier: tier for tier in rules.document.tiers}
        clauses = [(rule, clause) for rule in rules.rules for clause in rule.clauses]
        for position, (rule, clause) in enumerate(clauses):
            yield CompiledClause(
                rule,
                clause,
                tiers[clause.tier],
                (clause.tier, position),
                tuple(map(mask, clause.when)),
                tuple(mask(u.condition) for u in clause.unless),
                self.space.unknown,
            )

    def _test(self, rule: Rule) -> tuple[Any, ...]:
        """A rule's clauses for `_fired_positions`: rank, when, unless and the unknown masks."""
        unknown = self.space.unknown
        return tuple(
            (c.rank, c.when, tuple((fact, mask, unknown[fact]) for fact, mask in c.unless))
            for c in self.clauses
            if c.rule is rule
        )

    def reads(self, clause: CompiledClause) -> frozenset[int]:
        """The facts, by index, that a clause depends on; a clause on one count depends on both."""
        return self._reads[clause.name]

    def before(self, clause: CompiledClause) -> tuple[CompiledClause, ...]:
        """The clauses of the same rule that come before this one."""
        return tuple(
            c for c in self.clauses if c.rule is clause.rule and c.rank[1] < clause.rank[1]
        )

    def fired(self, masks: FactMask) -> tuple[CompiledClause, ...]:
        """The first clause that fires of each rule, in order of rank."""
        return tuple(self.clauses[position] for position in self._fired_positions(ordered(masks)))

    def _fired_positions(self, masks: FactMask) -> tuple[int, ...]:
        """`fired` by position. The searches spend their time here, so it is written out."""
        fired = []
        for clauses in self._tests:
            for rank, when, unless in clauses:
                for fact, mask in when:
                    if masks[fact] & ~mask:
                        break
                else:
                    for fact, mask, unknown in unless:
                        if not masks[fact] & ~mask and masks[fact] != unknown:
                            break
                    else:
                        fired.append(rank)
                        break
        fired.sort()
        return tuple([position for _, position in fired])

    def resolve(self, masks: FactMask) -> Resolution:
        """The verdict for these masks, and how it came about."""
        return self._resolved(self._fired_positions(ordered(masks)))

    def _resolve(self, positions: tuple[int, ...]) -> Resolution:
        fired = tuple(self.clauses[p] for p in positions)
        resolution = replace(_meet(fired), fired=fired)
        return _contest(resolution)

    def _outcome(self, masks: FactMask) -> Outcome:
        resolution = self.resolve(masks)
        strategy, chosen = self._strategy(ordered(masks), resolution)
        outcome = Outcome(resolution.verdict, resolution.contested, strategy, chosen)
        # One object per outcome, not per call: there are a dozen.
        return self._outcomes.setdefault((outcome, chosen), outcome)

    def _strategy(self, masks: FactMask, resolution: Resolution) -> tuple[Strategy, frozenset[str]]:
        """The strategy of the first selection that fits, and the fired clauses it names."""
        for strategy, needed, when in self._selections[resolution.verdict]:
            chosen = needed.intersection(resolution.effects)
            if needed and not chosen:
                continue
            if all(not masks[fact] & ~mask for fact, mask in when):
                return strategy, chosen
        raise AssertionError("the last selection of a verdict has no conditions")


def _reads(clause: CompiledClause) -> frozenset[int]:
    facts = {fact for fact, _ in (*clause.when, *clause.unless)}
    counts = {NAMES.index(name) for name in COUNTS}
    return frozenset(facts | counts if facts & counts else facts)


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
