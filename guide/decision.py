"""The answer of `POST /recommend`: what each field means. Built by `recommend.py`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from guide.resolution import Effect, Status
from guide.rules import Family, Strategy, Verdict


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Candidate(_Answer):
    """A concrete model to try."""

    rank: int = Field(description="1 is tried first.")
    name: str
    family: Family
    architecture: str
    why: str
    rules: list[str] = Field(description="Fired rules that support it.")
    caveats: list[str]
    served_model: str | None = Field(
        description="A model of this service that shows the idea on digits; not one for this data."
    )


class RuleResult(_Answer):
    """One rule of the guide, and whether it applied."""

    id: str
    title: str
    section: str = Field(description="Section of the guide.")
    status: Status
    outcome: Effect | None = Field(description="What the rule did; null if it did not fire.")
    clause: str | None = Field(description="Which clause of the rule fired.")
    tier: int | None = Field(description="0 applies first; null if it did not fire.")
    statement: str
    because: dict[str, Any] = Field(description="The facts that were read; null is unknown.")


class ConflictResult(_Answer):
    """A rule that fired and was overridden."""

    rules: list[str] = Field(description="Winner and loser.")
    winner: str
    principle: str = Field(description="Why the winner comes first.")
    lost: str = Field(description="What the loser asked for.")


class Assumption(_Answer):
    """What was assumed because a fact was not stated."""

    fact: str
    rule: str
    text: str


class Alternative(_Answer):
    """The decision for some values of a fact."""

    when: str = Field(description="The values, in words.")
    example: Any = Field(description="One of these values, as a request states it.")
    verdict: Verdict
    contested: bool
    strategy: Strategy


class MissingFact(_Answer):
    """An unknown fact that could change the decision."""

    fact: str
    would_change_verdict: bool = Field(
        description="False if only the strategy or the contest would change."
    )
    how: str
    outcomes: list[Alternative]


class Robustness(_Answer):
    """Whether any values of the unknown facts could change the verdict."""

    robust: bool
    possible_verdicts: list[Verdict] = Field(
        description="Every verdict that some values of the unknown facts give."
    )
    smallest_flip: dict[str, Any] | None = Field(
        description="The fewest unknown facts, with values, that flip the verdict."
    )


class Counterfactual(_Answer):
    """One of the smallest sets of changes that flip the verdict."""

    change: dict[str, Any] = Field(
        description="New value by fact: the nearest that flips the verdict."
    )
    was: dict[str, Any] = Field(description="What was stated; null is unknown.")
    verdict: Verdict
    contested: bool


class Unmet(_Answer):
    """A stated need that the verdict does not meet."""

    fact: str
    need: str
    why: str


class ComparisonRow(_Answer):
    """A row of the guide's side-by-side table that matters here."""

    property: str
    classical_ml: str
    deep_learning: str


class Evidence(_Answer):
    """A study beside the guide; it never changes the verdict."""

    id: str
    rules: list[str]
    claim: str
    stance: Literal["supports", "refines", "contradicts"]
    citation: str
    url: str
    year: int


class Measurement(_Answer):
    """A figure of this service's own models, from their manifests."""

    claim: str
    value: float
    # Two numbers and not a list: BentoML's client cannot read a list that may be null.
    low: float | None = Field(description="Lower end of the 95% interval (Wilson), of an accuracy.")
    high: float | None = Field(description="Upper end.")
    n: int = Field(description="Test examples.")
    guide: float | None = Field(description="The guide's figure for the same (section 9).")
    models: list[str]


class Decision(_Answer):
    """Which approach to take, and all reasons for it."""

    verdict: Verdict = Field(description="The family, or `insufficient_information`.")
    strategy: Strategy = Field(description="How to carry it out.")
    summary: str = Field(description="Two sentences: what and why, and what stands against it.")
    candidates: list[Candidate]
    contested: bool = Field(description="Whether a serious alternative was overridden.")
    runner_up: Verdict | None = Field(description="That alternative.")
    guide_gap: str | None = Field(
        description="What the guide leaves open, or does not speak of, in this case."
    )
    practice: list[str] = Field(description="What practitioners do where the guide does not speak.")
    bears_on_it: list[str] = Field(
        description="What the facts mean for the work, whatever the verdict."
    )
    rules: list[RuleResult] = Field(
        description="All rules; the fired ones first, in order of rank."
    )
    conflicts: list[ConflictResult]
    assumptions: list[Assumption]
    missing_facts: list[MissingFact]
    robustness: Robustness
    counterfactuals: list[Counterfactual] = Field(
        description="The fewest changes of facts that flip the verdict; all of one size."
    )
    counterfactuals_same_problem: list[Counterfactual] = Field(
        description="The same, with modalities, task and domain unchanged."
    )
    unmet: list[Unmet]
    comparison: list[ComparisonRow]
    evidence: list[Evidence]
    measured: list[Measurement]
    ruleset_version: str = Field(description="Version of the rules and hash of their data.")
    decision_id: str = Field(
        description="The same facts under the same rules have the same id, in any order."
    )
