"""What the rules did, as a decision tells it."""

from __future__ import annotations

from typing import Any

from guide import decision as d
from guide.engine import Engine, Resolution, Status, Voice
from guide.facts import COUNTS, NAMES, Facts
from guide.space import Point, ordered


def rules(engine: Engine, point: Point, facts: Facts, resolution: Resolution) -> list[d.RuleResult]:
    """All rules; the fired ones first, as heard, then those that an unknown fact leaves open."""
    fired = {voice.rule.id: voice for voice in resolution.fired}
    narrowed = ordered(point)
    heard = [_rule(voice, "fired", resolution, facts) for voice in resolution.fired]
    silent = []
    for rule in engine.rules.rules:
        if rule.id not in fired:
            voices = [v for v in engine.voices if v.rule is rule]
            open_ = [v for v in voices if v.status(narrowed) == "unknown"]
            read = open_[:1] or voices
            status: Status = "unknown" if open_ else "not_fired"
            because: dict[str, Any] = {}
            for voice in read:
                because |= _because(voice, facts, narrowed, status)
            silent.append(
                d.RuleResult(
                    id=rule.id, title=rule.title, section=rule.section, status=status,
                    outcome=None, clause=None, tier=None, statement=rule.statement,
                    because=because,
                )
            )  # fmt: skip
    return heard + sorted(silent, key=lambda r: r.status == "not_fired")


def assumptions(point: Point, resolution: Resolution) -> list[d.Assumption]:
    """What the fired clauses take for granted, each said once."""
    narrowed = ordered(point)
    found: dict[tuple[str, str], d.Assumption] = {}
    for voice in resolution.fired:
        for fact, text in voice.assumptions(narrowed):
            assumption = d.Assumption(fact=fact, rule=voice.rule.id, text=text)
            found.setdefault((fact, text), assumption)
    return list(found.values())


def unmet(resolution: Resolution) -> list[d.Unmet]:
    """Stated needs that lost to what is feasible."""
    return [
        d.Unmet(
            fact=conflict.loser.clause.when[0].fact,
            need=conflict.loser.clause.need,
            why=f"{conflict.winner.clause.says} ({conflict.winner.rule.id})",
        )
        for conflict in resolution.conflicts
        if conflict.loser.clause.need is not None
    ]


def conflicts(resolution: Resolution) -> list[d.ConflictResult]:
    """Every rule that fired and was overridden, and why."""
    return [_conflict(c.winner, c.loser) for c in resolution.conflicts]


def _rule(voice: Voice, status: Status, resolution: Resolution, facts: Facts) -> d.RuleResult:
    rule = voice.rule
    return d.RuleResult(
        id=rule.id, title=rule.title, section=rule.section, status=status,
        outcome=resolution.effects[voice.name], clause=voice.clause.id, tier=voice.clause.tier,
        statement=rule.statement, because=_because(voice, facts, (), status),
    )  # fmt: skip


def _because(voice: Voice, facts: Facts, point: Point, status: Status) -> dict[str, Any]:
    """The facts that made a clause fire, stay silent or stay open."""
    read = [c.fact for c in voice.clause.when]
    stated = [u.condition.fact for u in voice.clause.unless]
    if status == "fired":
        # A defeater that was stated and did not defeat is a reason too.
        read += [fact for fact in stated if getattr(facts, fact) is not None]
    if status == "not_fired":
        read = [NAMES[fact] for fact, mask in voice.when if not point[fact] & mask] or stated
    if status == "unknown":
        return {fact: getattr(facts, fact) for fact in read}
    return dict(_value(fact, facts) for fact in read)


def _value(fact: str, facts: Facts) -> tuple[str, Any]:
    """A fact and its value; of an unknown count the other one, which bounds it."""
    value = getattr(facts, fact)
    if value is None and fact in COUNTS:
        other = COUNTS[1 - COUNTS.index(fact)]
        if getattr(facts, other) is not None:
            return other, getattr(facts, other)
    return fact, value


def _conflict(winner: Voice, loser: Voice) -> d.ConflictResult:
    if winner.clause.tier == loser.clause.tier and winner.clause.principle:
        principle = winner.clause.principle
    else:
        # What a tier loses by is said of the data; to what stands higher it just comes later.
        lost_to_data = winner.tier.name == "data" and loser.tier.loses
        principle = lost_to_data or winner.tier.wins
    return d.ConflictResult(
        rules=[winner.rule.id, loser.rule.id],
        winner=winner.rule.id,
        principle=principle,
        lost=f"{' or '.join(loser.clause.families)}: {loser.clause.says}",
    )
