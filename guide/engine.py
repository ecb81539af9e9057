"""From a fact mask to an outcome: which clauses fire, their verdict, and the strategy.

Pure functions of the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from guide.facts import COUNTS, NAMES
from guide.resolution import CompiledClause, Rank, Resolution, Test, resolve
from guide.rules import Rule, Ruleset, Selection, Strategy, Verdict
from guide.space import FactMask, Space, ordered


@dataclass(frozen=True)
class Outcome:
    """The part of a decision that depends on the facts alone.

    selection: the entry of the rules that chose the strategy.
    shaped_by: names of the fired clauses that the entry names.
    """

    verdict: Verdict
    contested: bool
    strategy: Strategy
    selection: Selection = field(compare=False)
    shaped_by: frozenset[str] = field(default=frozenset(), compare=False)


class Engine:
    """Applies the rules to fact masks.

    Args:
        rules: the rules.
        memory: most outcomes and resolutions that are cached; None caches all.
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
        self._before = {
            c.name: tuple(b for b in self.clauses if b.rule is c.rule and b.rank[1] < c.rank[1])
            for c in self.clauses
        }
        self._tests = tuple(self._test(rule) for rule in rules.rules)
        self._readers = [self._reading(fact) for fact in range(len(NAMES))]
        self._selections: dict[Verdict, list[tuple[Selection, frozenset[str], Test]]] = {}
        for chosen in selections:
            when = tuple(map(self.space.mask, chosen.when))
            entry = (chosen, frozenset(chosen.fired), when)
            self._selections.setdefault(chosen.verdict, []).append(entry)
        self._selecting = sorted({f for fits in self._selections.values() for f in _read(fits)})
        self._outcome = lru_cache(maxsize=memory)(self._choose)
        self._resolved = lru_cache(maxsize=memory)(self._resolve)

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
        """A rule's clauses for `_first`: rank, when, unless and the unknown masks."""
        unknown = self.space.unknown
        return tuple(
            (c.rank, c.when, tuple((fact, mask, unknown[fact]) for fact, mask in c.unless))
            for c in self.clauses
            if c.rule is rule
        )

    def _reading(self, fact: int) -> tuple[int, ...]:
        """The rules that read a fact, by index; what reads one count depends on both."""
        counts = {NAMES.index(name) for name in COUNTS}
        facts = counts if fact in counts else {fact}
        return tuple(
            index
            for index, clauses in enumerate(self._tests)
            if any(facts & {f for f, *_ in (*when, *unless)} for _, when, unless in clauses)
        )

    def before(self, clause: CompiledClause) -> tuple[CompiledClause, ...]:
        """The clauses of the same rule that come before this one."""
        return self._before[clause.name]

    def resolve(self, masks: FactMask) -> Resolution:
        """The verdict for these masks, and how it came about."""
        return self._resolved(_positions(self._ranks(masks)))

    def outcome(self, masks: FactMask) -> Outcome:
        """Verdict, contest and strategy for these masks."""
        return self._outcome(_positions(self._ranks(masks)), self._selected(masks))

    def outcomes_after(
        self, masks: FactMask, moves: Iterable[tuple[int, int]]
    ) -> Iterator[Outcome]:
        """The outcome after each move alone, which sets one fact to a mask.

        Only the rules that read the fact are asked again.
        """
        base = self._ranks(masks)
        for fact, mask in moves:
            moved = (*masks[:fact], mask, *masks[fact + 1 :])
            narrowed, ranks = ordered(moved), base.copy()
            for rule in self._readers[fact]:
                ranks[rule] = _first(self._tests[rule], narrowed)
            yield self._outcome(_positions(ranks), self._selected(moved))

    def _ranks(self, masks: FactMask) -> list[Rank | None]:
        """Of each rule the rank of the clause that fires."""
        narrowed = ordered(masks)
        return [_first(clauses, narrowed) for clauses in self._tests]

    def _selected(self, masks: FactMask) -> FactMask:
        """What the choice of a strategy reads."""
        return tuple([masks[fact] for fact in self._selecting])

    def _resolve(self, positions: tuple[int, ...]) -> Resolution:
        return resolve(tuple(self.clauses[p] for p in positions))

    def _choose(self, positions: tuple[int, ...], selected: FactMask) -> Outcome:
        resolution = self._resolved(positions)
        masks = dict(zip(self._selecting, selected, strict=True))
        selection, chosen = self._select(masks, resolution)
        return Outcome(
            resolution.verdict, resolution.contested, selection.strategy, selection, chosen
        )

    def _select(
        self, masks: Mapping[int, int], resolution: Resolution
    ) -> tuple[Selection, frozenset[str]]:
        """The first selection that fits, and the fired clauses it names."""
        for selection, needed, when in self._selections[resolution.verdict]:
            chosen = needed.intersection(resolution.effects)
            if needed and not chosen:
                continue
            if all(not masks[fact] & ~mask for fact, mask in when):
                return selection, chosen
        raise AssertionError("the last selection of a verdict has no conditions")


def _read(fits: Sequence[tuple[Selection, frozenset[str], Test]]) -> set[int]:
    return {fact for _, _, when in fits for fact, _ in when}


def _first(clauses: tuple[Any, ...], masks: FactMask) -> Rank | None:
    """The rank of the first clause that fires. The searches spend their time here."""
    for rank, when, unless in clauses:
        for fact, mask in when:
            if masks[fact] & ~mask:
                break
        else:
            for fact, mask, unknown in unless:
                if not masks[fact] & ~mask and masks[fact] != unknown:
                    break
            else:
                return rank  # type: ignore[no-any-return]
    return None


def _positions(ranks: Sequence[Rank | None]) -> tuple[int, ...]:
    """The positions of the clauses that fire, in order of rank."""
    return tuple([position for _, position in sorted([r for r in ranks if r is not None])])
