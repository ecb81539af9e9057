"""From a point of the space to a verdict: which clauses fire, and how they meet.

Clauses are heard tier by tier. One whose families meet what is still admissible narrows it; one
whose families do not is overridden, and a conflict is recorded. Pure functions of the rules.
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
from guide.space import Point, Space, ordered

Status = Literal["fired", "not_fired", "unknown"]
Effect = Literal["decides", "agrees", "shapes", "overridden"]

# The families a verdict makes use of: a hybrid has both sides.
_COVER = {
    "classical_ml": {"classical_ml"},
    "deep_learning": {"deep_learning"},
    "hybrid": {"classical_ml", "deep_learning"},
}
_FEASIBILITY = 0

Test = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Voice:
    """A clause with what is needed to hear it: its rule, its rank, its compiled conditions."""

    rule: Rule
    clause: Clause
    tier: Tier
    rank: tuple[int, int]
    when: Test
    unless: Test
    unknown: Point

    @property
    def name(self) -> str:
        """`<rule>.<clause>`."""
        return f"{self.rule.id}.{self.clause.id}"

    def status(self, point: Point) -> Status:
        """Whether the clause fires at this point, which must be `ordered`."""
        status: Status = "fired"
        for fact, mask in self.when:
            possible = point[fact]
            if not possible & mask:
                return "not_fired"
            if possible & ~mask:
                status = "unknown"
        if any(self._true(point, fact, mask) for fact, mask in self.unless):
            return "not_fired"
        return status

    def _true(self, point: Point, fact: int, mask: int) -> bool:
        return not point[fact] & ~mask and point[fact] != self.unknown[fact]

    def assumptions(self, point: Point) -> list[tuple[str, str]]:
        """What the clause takes for granted at this point, where it fires: fact and words."""
        return [
            (unless.condition.fact, unless.assumption)
            for unless, (fact, _) in zip(self.clause.unless, self.unless, strict=True)
            if point[fact] == self.unknown[fact]
        ]


@dataclass(frozen=True)
class Conflict:
    """`loser` was overridden by `winner`."""

    winner: Voice
    loser: Voice


@dataclass(frozen=True)
class Resolution:
    """What the fired clauses amount to.

    Attributes:
        effects: what each fired clause did, by its name, in the order heard.
        contested: a stated signal of the other family was overridden, or the guide has a gap.
        runner_up: the verdict without what overrode that signal; None if not contested.
    """

    verdict: Verdict
    effects: dict[str, Effect]
    conflicts: tuple[Conflict, ...]
    decider: Voice | None
    contested: bool = False
    runner_up: Verdict | None = None
    fired: tuple[Voice, ...] = field(default=())


@dataclass(frozen=True)
class Outcome:
    """What a change of facts can change; `shaped_by` are the clauses that chose the strategy."""

    verdict: Verdict
    contested: bool
    strategy: Strategy
    shaped_by: frozenset[str] = field(default=frozenset(), compare=False)


class Engine:
    """The rules over their space.

    Args:
        rules: the rules.
        memory: most outcomes of points that are remembered; None remembers all.
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
        self.voices = tuple(self._voices(rules))
        self._reads = {v.name: _reads(v) for v in self.voices}
        self._tests = tuple(self._test(rule) for rule in rules.rules)
        self._selections: dict[Verdict, list[tuple[Strategy, frozenset[str], Test]]] = {}
        for chosen in selections:
            when = tuple(map(self.space.mask, chosen.when))
            entry = (chosen.strategy, frozenset(chosen.fired), when)
            self._selections.setdefault(chosen.verdict, []).append(entry)
        self.outcome = lru_cache(maxsize=memory)(self._outcome)
        self._outcomes: dict[tuple[Outcome, frozenset[str]], Outcome] = {}
        self._resolved = lru_cache(maxsize=2**12)(self._resolve)

    def _voices(self, rules: Ruleset) -> Iterator[Voice]:
        mask, tiers = self.space.mask, {tier.tier: tier for tier in rules.document.tiers}
        clauses = [(rule, clause) for rule in rules.rules for clause in rule.clauses]
        for position, (rule, clause) in enumerate(clauses):
            yield Voice(
                rule,
                clause,
                tiers[clause.tier],
                (clause.tier, position),
                tuple(map(mask, clause.when)),
                tuple(mask(u.condition) for u in clause.unless),
                self.space.unknown,
            )

    def _test(self, rule: Rule) -> tuple[Any, ...]:
        """A rule's clauses as `_fired` reads them: rank, when, unless with what is unknown."""
        unknown = self.space.unknown
        return tuple(
            (v.rank, v.when, tuple((fact, mask, unknown[fact]) for fact, mask in v.unless))
            for v in self.voices
            if v.rule is rule
        )

    def reads(self, voice: Voice) -> frozenset[int]:
        """The facts, by index, that bear on a clause; one count bears on the other."""
        return self._reads[voice.name]

    def before(self, voice: Voice) -> tuple[Voice, ...]:
        """The clauses of the same rule that speak before this one."""
        return tuple(v for v in self.voices if v.rule is voice.rule and v.rank[1] < voice.rank[1])

    def heard(self, point: Point) -> tuple[Voice, ...]:
        """For each rule the first clause that fires, in the order of tiers."""
        return tuple(self.voices[position] for position in self._fired(ordered(point)))

    def _fired(self, point: Point) -> tuple[int, ...]:
        """`heard` by position, written out: this is what the searches spend their time in."""
        fired = []
        for clauses in self._tests:
            for rank, when, unless in clauses:
                for fact, mask in when:
                    if point[fact] & ~mask:
                        break
                else:
                    for fact, mask, unknown in unless:
                        if not point[fact] & ~mask and point[fact] != unknown:
                            break
                    else:
                        fired.append(rank)
                        break
        fired.sort()
        return tuple([position for _, position in fired])

    def resolve(self, point: Point) -> Resolution:
        """The verdict at this point, and how it came about."""
        return self._resolved(self._fired(ordered(point)))

    def _resolve(self, positions: tuple[int, ...]) -> Resolution:
        fired = tuple(self.voices[p] for p in positions)
        resolution = replace(_meet(fired), fired=fired)
        return _contest(resolution)

    def _outcome(self, point: Point) -> Outcome:
        resolution = self.resolve(point)
        strategy, chosen = self._strategy(ordered(point), resolution)
        outcome = Outcome(resolution.verdict, resolution.contested, strategy, chosen)
        # One object per outcome, not per point: there are a dozen.
        return self._outcomes.setdefault((outcome, chosen), outcome)

    def _strategy(self, point: Point, resolution: Resolution) -> tuple[Strategy, frozenset[str]]:
        """How the verdict is carried out: the first selection that fits, and what asked for it."""
        for strategy, needed, when in self._selections[resolution.verdict]:
            chosen = needed.intersection(resolution.effects)
            if needed and not chosen:
                continue
            if all(not point[fact] & ~mask for fact, mask in when):
                return strategy, chosen
        raise AssertionError("the last selection of a verdict has no conditions")


def _reads(voice: Voice) -> frozenset[int]:
    facts = {fact for fact, _ in (*voice.when, *voice.unless)}
    counts = {NAMES.index(name) for name in COUNTS}
    return frozenset(facts | counts if facts & counts else facts)


def _meet(fired: Sequence[Voice]) -> Resolution:
    """Hear the clauses in turn."""
    admissible = set(FAMILIES)
    applied: list[Voice] = []
    effects: dict[str, Effect] = {}
    conflicts = []
    decider: Voice | None = None
    for voice in fired:
        families = set(voice.clause.families)
        if not admissible & families:
            effects[voice.name] = "overridden"
            conflicts.append(Conflict(_winner(applied, families), voice))
            continue
        admissible &= families
        applied.append(voice)
        if decider is None and len(admissible) == 1:
            decider = voice
            effects[voice.name] = "decides"
        else:
            effects[voice.name] = "shapes" if voice.clause.shapes else "agrees"
    verdict: Verdict = "insufficient_information"
    if len(admissible) == 1:
        (verdict,) = admissible
    return Resolution(verdict, effects, tuple(conflicts), decider)


def _winner(applied: Sequence[Voice], families: set[Family]) -> Voice:
    """The clause after which none of these families was left."""
    left = set(families)
    for voice in applied:
        left &= set(voice.clause.families)
        if not left:
            return voice
    raise AssertionError("an overridden clause was overridden by something")


def _contest(resolution: Resolution) -> Resolution:
    """Say whether a serious alternative lost, and which."""
    decider = resolution.decider
    if decider is None or decider.clause.tier == _FEASIBILITY:
        return resolution
    for conflict in resolution.conflicts:
        if _rivals(conflict, resolution.verdict):
            runner_up = _runner_up(resolution, decider, conflict.loser)
            return replace(resolution, contested=True, runner_up=runner_up)
    if decider.clause.contested_by is not None:
        return replace(resolution, contested=True, runner_up=decider.clause.contested_by)
    return resolution


def _rivals(conflict: Conflict, verdict: Verdict) -> bool:
    """A loser that was stated, and no part of which the verdict makes use of.

    An assumption does not contest; trees within a hybrid, or beside one, are no rival of it.
    """
    loser = conflict.loser
    families = set(loser.clause.families)
    wanted = families - {"hybrid"} or _COVER["hybrid"]
    return loser.tier.contests and wanted.isdisjoint(_COVER[verdict])


def _runner_up(resolution: Resolution, decider: Voice, loser: Voice) -> Verdict:
    """The verdict without the clauses of the deciding tier that exclude the loser.

    Where others exclude it too, what the loser itself asks for.
    """
    families = set(loser.clause.families)
    rest = [
        voice
        for voice in resolution.fired
        if voice.clause.tier != decider.clause.tier or families & set(voice.clause.families)
    ]
    verdict = _meet(rest).verdict
    if verdict in ("insufficient_information", resolution.verdict):
        return loser.clause.families[0]
    return verdict
