"""A decision as people read it: some 150 words. The whole decision is one question away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from guide import decision as d
from guide.facts import COUNTS
from guide.rules import Family, Strategy, Verdict
from guide.sentences import VERDICTS

# What is left out is in the whole decision.
_CANDIDATES, _MISSING, _CHANGES, _VALUES = 3, 2, 2, 4
_DATA = "modalities"


class _Short(BaseModel):
    model_config = ConfigDict(frozen=True)


class ShortCandidate(_Short):
    """A model to try."""

    rank: int
    name: str
    family: Family
    why: str


class ShortMissing(_Short):
    """An unknown fact that could flip the verdict."""

    fact: str
    how: str


class ShortChange(_Short):
    """A change of stated facts that flips the verdict."""

    change: dict[str, Any]
    verdict: Verdict


class ShortDecision(_Short):
    """Which approach to take, in brief; `?detail=full` gives the whole case."""

    verdict: Verdict
    strategy: Strategy
    contested: bool
    runner_up: Verdict | None
    summary: str = Field(description="Two sentences: what and why, and what stands against it.")
    guide_gap: str | None = Field(description="What the guide leaves open or does not speak of.")
    candidates: list[ShortCandidate] = Field(description="The first of them.")
    conflicts: list[str] = Field(description="Which rule overrode which others, and why.")
    missing_facts: list[ShortMissing] = Field(description="The first that could flip the verdict.")
    changes: list[ShortChange] = Field(
        description="What would flip the verdict, of what is stated of the same problem."
    )
    bears_on_it: list[str] = Field(
        description="Practice where the guide is silent, needs that are not met, latencies, and "
        "what the facts mean for the work."
    )
    ruleset_version: str
    decision_id: str


def shorten(decision: d.Decision) -> ShortDecision:
    """The part of a decision that people read first."""
    return ShortDecision(
        verdict=decision.verdict,
        strategy=decision.strategy,
        contested=decision.contested,
        runner_up=decision.runner_up,
        summary=decision.summary,
        guide_gap=decision.guide_gap,
        candidates=[
            ShortCandidate(rank=c.rank, name=c.name, family=c.family, why=c.why)
            for c in _shown(decision)
        ],
        conflicts=list(_conflicts(decision.conflicts)),
        missing_facts=list(_missing(decision))[:_MISSING],
        changes=list(_changes(decision))[:_CHANGES],
        bears_on_it=list(
            dict.fromkeys(
                [
                    *decision.practice,
                    *_unmet(decision),
                    *_latency(decision),
                    *decision.bears_on_it,
                ]
            )
        ),
        ruleset_version=decision.ruleset_version,
        decision_id=decision.decision_id,
    )


def _shown(decision: d.Decision) -> list[d.Candidate]:
    """The first, and the best of another family if all of these are of one."""
    first, rest = decision.candidates[:_CANDIDATES], decision.candidates[_CANDIDATES:]
    families = {candidate.family for candidate in first}
    other = [c for c in rest if c.family not in families] if len(families) == 1 else []
    return [*first, *other[:1]]


def _conflicts(conflicts: Sequence[d.ConflictResult]) -> Iterator[str]:
    """One sentence per winner and principle."""
    losers: dict[tuple[str, str], list[str]] = {}
    for conflict in conflicts:
        losers.setdefault((conflict.winner, conflict.principle), []).append(conflict.rules[1])
    for (winner, principle), lost in losers.items():
        yield f"{winner} over {', '.join(lost)}: {principle}"


def _missing(decision: d.Decision) -> Iterator[ShortMissing]:
    undecided = decision.verdict == "insufficient_information"
    if undecided and all(missing.fact != _DATA for missing in decision.missing_facts):
        return  # The data are known and do not fit the task: the summary says what to ask instead.
    for missing in decision.missing_facts:
        flips = [o for o in missing.outcomes if o.verdict != decision.verdict]
        if flips:
            how = "; ".join(f"{_few(o.when)}: {VERDICTS[o.verdict]}" for o in flips)
            yield ShortMissing(fact=missing.fact, how=how)


def _few(values: str) -> str:
    """The first of many values."""
    named = values.split(" or ")
    return values if len(named) <= _VALUES else f"{' or '.join(named[:_VALUES])} and others"


def _changes(decision: d.Decision) -> Iterator[ShortChange]:
    """Of the same problem; what changes unknown facts alone is told as missing."""
    for flip in decision.counterfactuals_same_problem:
        stated = any(value is not None for value in flip.was.values())
        # To have no examples or no labels left is no change to consider.
        lost = any(flip.was[name] and flip.change[name] == 0 for name in COUNTS if name in flip.was)
        if stated and not lost:
            yield ShortChange(change=flip.change, verdict=flip.verdict)


def _unmet(decision: d.Decision) -> Iterator[str]:
    for need in decision.unmet:
        yield f"not met: {need.need}, for {need.why}"


def _latency(decision: d.Decision) -> Iterator[str]:
    """What the shown candidates were measured to take, beside a stated bound."""
    shown = [text for c in _shown(decision) for text in c.caveats]
    yield from dict.fromkeys(text for text in shown if text.endswith(" ms stated"))
