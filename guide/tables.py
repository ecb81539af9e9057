"""The guide's tables besides the rules: candidates, evidence, comparison, architectures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from guide.conditions import Condition, conditions
from guide.facts import Facts, Modality, Task
from guide.rules import Family, Spec, Strategy, read, ruleset

_HERE = Path(__file__).parent


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CandidateEntry(_Strict):
    """A concrete model to try."""

    id: str
    name: str
    family: Family
    architecture: str
    strategies: list[Strategy] = Field(min_length=1)
    when_: Spec = Field({}, alias="when")
    unless_: Spec = Field({}, alias="unless")
    default: bool = False
    cost: int = Field(ge=1, le=5)
    clarity: int = Field(ge=1, le=5)
    why: str
    caveats: list[str] = Field(min_length=1)
    served_model: str | None = None


class Caution(_Strict):
    """A warning that comes before anything else when its conditions hold."""

    when_: Spec = Field(alias="when")
    says: str


class Study(_Strict):
    """A study beside the guide."""

    id: str
    year: int
    stance: Literal["supports", "refines", "contradicts"] = Field(
        description="Whether it supports the guide's rule."
    )
    claim: str
    citation: str
    url: str
    modalities: list[Modality] | None = Field(
        None, description="Modalities it is about, if not all."
    )
    tasks: list[Task] | None = Field(None, description="Tasks it is about, if not all.")
    max_rows: int | None = Field(
        None, description="Most rows that its claim covers, if it says so."
    )


class ComparisonRow(_Strict):
    """One row of the guide's side-by-side table (section 6)."""

    property: str
    classical_ml: str
    deep_learning: str
    rules: list[str] = Field(description="Rules that make this row relevant when they fire.")


class ArchitectureRow(_Strict):
    """One row of the guide's map of architectures (section 11)."""

    architecture: str
    for_: str = Field(alias="for")
    key_models: list[str]


class Comparison(_Strict):
    """Section 6."""

    section: str
    rows: list[ComparisonRow]


class Architectures(_Strict):
    """Section 11."""

    section: str
    rows: list[ArchitectureRow]


class Figures(_Strict):
    """Section 9: the guide's own figures, by algorithm."""

    section: str
    data: str
    test_accuracy: dict[str, float]


class _Candidates(_Strict):
    candidates: list[CandidateEntry]
    cautions: list[Caution]


class _Evidence(_Strict):
    evidence: list[Study]
    note: str

    @model_validator(mode="after")
    def _cited_once(self) -> _Evidence:
        ids = [study.id for study in self.evidence]
        cited = {i for rule in ruleset().rules for i in rule.studies}
        if len(set(ids)) < len(ids) or set(ids) != cited:
            raise ValueError(f"studies and rules differ in {sorted(set(ids) ^ cited)}")
        return self


class _Reference(_Strict):
    comparison: Comparison
    architectures: Architectures
    figures: Figures


@dataclass(frozen=True)
class Entry:
    """A candidate with its compiled conditions."""

    data: CandidateEntry
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...]

    def fits(self, facts: Facts) -> bool | None:
        """Whether its conditions hold for the facts; None if that is unknown."""
        if self.unless and holds(self.unless, facts):
            return False
        return holds(self.when, facts)


@dataclass(frozen=True)
class Library:
    """All tables, checked."""

    candidates: tuple[Entry, ...]
    cautions: tuple[tuple[tuple[Condition, ...], str], ...]
    studies: dict[str, Study]
    evidence_note: str
    comparison: Comparison
    architectures: Architectures
    figures: Figures


def holds(wanted: tuple[Condition, ...], facts: Facts) -> bool | None:
    """Whether all conditions hold for the facts, by Kleene's logic; None if that is unknown."""
    unknown = False
    for condition in wanted:
        value: Any = getattr(facts, condition.fact)
        if value is None:
            unknown = True
        elif not condition.holds(value):
            return False
    return None if unknown else True


@lru_cache(maxsize=1)
def library() -> Library:
    """The tables of this package.

    Raises:
        RulesetError: a file is missing or breaks its schema.
    """
    candidates = read(_HERE / "candidates.yaml", _Candidates.model_validate)
    evidence = read(_HERE / "evidence.yaml", _Evidence.model_validate)
    reference = read(_HERE / "reference.yaml", _Reference.model_validate)
    return Library(
        tuple(Entry(c, conditions(c.when_), conditions(c.unless_)) for c in candidates.candidates),
        tuple((conditions(c.when_), c.says) for c in candidates.cautions),
        {study.id: study for study in evidence.evidence},
        evidence.note,
        reference.comparison,
        reference.architectures,
        reference.figures,
    )
