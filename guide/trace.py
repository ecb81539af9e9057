"""What each rule did, as a decision reports it."""

from __future__ import annotations

from typing import Any

from guide import decision as d
from guide.engine import Engine
from guide.facts import COUNTS, NAMES, Facts
from guide.resolution import CompiledClause, Resolution, Status
from guide.space import FactMask, ordered

# An assumption gives way to the data, and to what practitioners do with them.
_DATA, _PRACTICE = "data", "practice"


def rules(
    engine: Engine, masks: FactMask, facts: Facts, resolution: Resolution
) -> list[d.RuleResult]:
    """All rules: fired ones by rank, then those an unknown fact leaves open, then the others."""
    fired = {clause.rule.id: clause for clause in resolution.fired}
    narrowed = ordered(masks)
    reported = [_rule(clause, "fired", resolution, facts) for clause in resolution.fired]
    others = []
    for rule in engine.rules.rules:
        if rule.id not in fired:
            clauses = [c for c in engine.clauses if c.rule is rule]
            open_ = [c for c in clauses if c.status(narrowed) == "unknown"]
            read = open_[:1] or clauses
            status: Status = "unknown" if open_ else "not_fired"
            because: dict[str, Any] = {}
            for clause in read:
                because |= _because(clause, facts, narrowed, status)
            others.append(
                d.RuleResult(
                    id=rule.id, title=rule.title, section=rule.section, status=status,
                    outcome=None, clause=None, tier=None, statement=rule.statement,
                    because=because,
                )
            )  # fmt: skip
    return reported + sorted(others, key=lambda r: r.status == "not_fired")


def assumptions(masks: FactMask, resolution: Resolution) -> list[d.Assumption]:
    """What the fired clauses assume, without repetition."""
    narrowed = ordered(masks)
    found: dict[tuple[str, str], d.Assumption] = {}
    for clause in resolution.fired:
        for fact, text in clause.assumptions(narrowed):
            assumption = d.Assumption(fact=fact, rule=clause.rule.id, text=text)
            found.setdefault((fact, text), assumption)
    return list(found.values())


def unmet(resolution: Resolution) -> list[d.Unmet]:
    """Stated needs that were overridden because they are not feasible."""
    return [
        d.Unmet(
            fact=conflict.loser.data.when[0].fact,
            need=conflict.loser.data.need,
            why=f"{conflict.winner.data.says} ({conflict.winner.rule.id})",
        )
        for conflict in resolution.conflicts
        if conflict.loser.data.need is not None
    ]


def conflicts(resolution: Resolution) -> list[d.ConflictResult]:
    """Every rule that fired and was overridden, and why."""
    return [_conflict(c.winner, c.loser) for c in resolution.conflicts]


def _rule(
    clause: CompiledClause, status: Status, resolution: Resolution, facts: Facts
) -> d.RuleResult:
    rule = clause.rule
    return d.RuleResult(
        id=rule.id, title=rule.title, section=rule.section, status=status,
        outcome=resolution.effects[clause.name], clause=clause.data.id, tier=clause.data.tier,
        statement=rule.statement, because=_because(clause, facts, (), status),
    )  # fmt: skip


def _because(
    clause: CompiledClause, facts: Facts, masks: FactMask, status: Status
) -> dict[str, Any]:
    """The facts that made a clause fire, fail or stay open."""
    read = [c.fact for c in clause.data.when]
    stated = [u.condition.fact for u in clause.data.unless]
    if status == "fired":
        # An `unless` that was stated and did not hold is a reason too.
        read += [fact for fact in stated if getattr(facts, fact) is not None]
    if status == "not_fired":
        read = [NAMES[fact] for fact, mask in clause.when if not masks[fact] & mask] or stated
    if status == "unknown":
        return {fact: getattr(facts, fact) for fact in read}
    return dict(_value(fact, facts) for fact in read)


def _value(fact: str, facts: Facts) -> tuple[str, Any]:
    """A fact and its value; for an unknown count, the other count, which bounds it."""
    value = getattr(facts, fact)
    if value is None and fact in COUNTS:
        other = COUNTS[1 - COUNTS.index(fact)]
        if getattr(facts, other) is not None:
            return other, getattr(facts, other)
    return fact, value


def _conflict(winner: CompiledClause, loser: CompiledClause) -> d.ConflictResult:
    if winner.data.tier == loser.data.tier and winner.data.principle:
        principle = winner.data.principle
    else:
        # An assumption's own reason for losing is about the data; to other tiers it loses by order.
        own = winner.tier.name in (_DATA, _PRACTICE) or loser.tier.name == _PRACTICE
        principle = (loser.tier.loses if own else None) or winner.tier.wins
    return d.ConflictResult(
        rules=[winner.rule.id, loser.rule.id],
        winner=winner.rule.id,
        principle=principle,
        lost=f"{' or '.join(loser.data.families)}: {loser.data.says}",
    )
