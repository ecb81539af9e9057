"""The guide's tables besides the rules: candidates, evidence, comparison, architectures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from guide.conditions import Condition, conditions
from guide.documents import HERE, read
from guide.facts import Facts, Modality, Task
from guide.latencies import latencies
from guide.rules import Family, Spec, Strategy, ruleset


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
    kind: str | None = Field(None, description="What `latencies.yaml` measured of it.")
    larger: str | None = Field(None, description="Why it takes longer than what was measured.")
    served_model: str | None = None

    @model_validator(mode="after")
    def _kind_is_measured(self) -> CandidateEntry:
        if self.kind is not None and self.kind not in latencies():
            raise ValueError(f"candidate {self.id} is of the kind {self.kind}, which is unmeasured")
        return self


class Caution(_Strict):
    """What is said where `when` holds and nothing of `unless` does."""

    when_: Spec = Field(alias="when")
    unless_: Spec = Field({}, alias="unless")
    says: str


class GapEntry(_Strict):
    """Something that the guide does not speak of, and what practitioners do there."""

    when_: Spec = Field(alias="when")
    unless_: Spec = Field({}, alias="unless")
    gap: str
    practice: str


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
    max_rows: int | None = Field(None, description="Most rows that its claim covers.")
    max_features: int | None = Field(None, description="Most columns that its claim covers.")


class CitedStudy(Study):
    """A study, and the rules it stands beside."""

    rules: list[str]


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


class _Practice(_Strict):
    gaps: list[GapEntry]
    notes: list[Caution]
    candidates: list[CandidateEntry]


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


class _Measured(_Strict):
    """What this repository measured of the rules; generated from docs/results/."""

    measured: list[CitedStudy]

    @model_validator(mode="after")
    def _of_rules_there_are(self) -> _Measured:
        known = {rule.id for rule in ruleset().rules}
        if strange := sorted({rule for study in self.measured for rule in study.rules} - known):
            raise ValueError(f"measured studies name rules that are not there: {strange}")
        return self


class _Reference(_Strict):
    comparison: Comparison
    architectures: Architectures
    figures: Figures


Data = TypeVar("Data", CandidateEntry, GapEntry, Caution)


@dataclass(frozen=True)
class Entry(Generic[Data]):
    """A candidate, a gap or a caution with its compiled conditions."""

    data: Data
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...]

    def fits(self, facts: Facts) -> bool | None:
        """Whether its conditions hold for the facts; None if that is unknown."""
        if any(holds((condition,), facts) for condition in self.unless):
            return False
        return holds(self.when, facts)


@dataclass(frozen=True)
class Library:
    """All tables, checked."""

    candidates: tuple[Entry[CandidateEntry], ...]
    cautions: tuple[Entry[Caution], ...]
    gaps: tuple[Entry[GapEntry], ...]
    notes: tuple[Entry[Caution], ...]
    studies: dict[str, Study]
    measured: tuple[CitedStudy, ...]
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
    candidates = read(HERE / "candidates.yaml", _Candidates.model_validate)
    evidence = read(HERE / "evidence.yaml", _Evidence.model_validate)
    measured = read(HERE / "measured.yaml", _Measured.model_validate)
    reference = read(HERE / "reference.yaml", _Reference.model_validate)
    practice = read(HERE / "practice.yaml", _Practice.model_validate)
    return Library(
        tuple(map(_entry, [*candidates.candidates, *practice.candidates])),
        tuple(map(_entry, candidates.cautions)),
        tuple(map(_entry, practice.gaps)),
        tuple(map(_entry, practice.notes)),
        {study.id: study for study in evidence.evidence},
        tuple(measured.measured),
        evidence.note,
        reference.comparison,
        reference.architectures,
        reference.figures,
    )


def _entry(data: Data) -> Entry[Data]:
    return Entry(data, conditions(data.when_), conditions(data.unless_))
