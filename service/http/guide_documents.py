"""The guide as JSON documents: its index, rules and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from guide.facts import Facts, allowed
from guide.latencies import Latency, latencies
from guide.rules import FAMILIES, Clause, Family, Rule, Ruleset, Tier
from guide.tables import CitedStudy, Figures, Library, Study


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class FactDescription(_Document):
    """One fact that `POST /recommend` takes."""

    is_: str = Field(alias="is", description="What it may be.")
    description: str | None


class GuideIndex(_Document):
    """`GET /guide`."""

    title: str
    source: str
    ruleset_version: str
    facts: dict[str, FactDescription]
    families: list[Family]
    tiers: list[Tier]
    rules: dict[str, str] = Field(description="Title by id.")
    figures: Figures
    latencies: dict[str, Latency] = Field(description="Measured, by kind of model.")
    routes: dict[str, str] = Field(description="What else there is to read.")


class RulesDocument(_Document):
    """`GET /guide/rules`."""

    ruleset_version: str
    rules: list[Rule]


class RuleDocument(_Document):
    """`GET /guide/rules/{id}`: one rule, with the studies beside it."""

    id: str
    title: str
    section: str
    statement: str
    evidence: list[Study]
    clauses: list[Clause]


class EvidenceDocument(_Document):
    """`GET /guide/evidence`."""

    note: str
    evidence: list[CitedStudy]


def dump(document: BaseModel) -> dict[str, Any]:
    """A document as JSON values; what is absent is left out."""
    return document.model_dump(mode="json", by_alias=True, exclude_none=True)


def guide_index(rules: Ruleset, tables: Library, routes: Mapping[str, str]) -> GuideIndex:
    """The facts, tiers and figures; `routes` are the other pages."""
    return GuideIndex(
        title="Classical ML or deep learning: when to use which",
        source="Rosenblatt's Perceptron Algorithm (Deep Learning Introduction, part 3 of 3)",
        ruleset_version=rules.version,
        facts={
            name: FactDescription.model_validate(
                {"is": allowed(name), "description": field.description}
            )
            for name, field in Facts.model_fields.items()
        },
        families=list(FAMILIES),
        tiers=rules.document.tiers,
        rules={rule.id: rule.title for rule in rules.rules},
        figures=tables.figures,
        latencies=latencies(),
        routes=dict(routes),
    )


def rules_document(rules: Ruleset) -> RulesDocument:
    """Every rule with its conditions."""
    return RulesDocument(ruleset_version=rules.version, rules=list(rules.rules))


def rule_document(rule: Rule, tables: Library) -> RuleDocument:
    """One rule, with its studies."""
    return RuleDocument(
        id=rule.id,
        title=rule.title,
        section=rule.section,
        statement=rule.statement,
        evidence=[
            *(tables.studies[study] for study in rule.studies),
            *(_plain(study) for study in tables.measured if rule.id in study.rules),
        ],
        clauses=rule.clauses,
    )


def evidence_document(rules: Ruleset, tables: Library) -> EvidenceDocument:
    """Every study, with the rules it stands beside."""
    studies = [
        CitedStudy(
            **study.model_dump(), rules=[rule.id for rule in rules.rules if name in rule.studies]
        )
        for name, study in tables.studies.items()
    ]
    return EvidenceDocument(note=tables.evidence_note, evidence=[*studies, *tables.measured])


def _plain(study: CitedStudy) -> Study:
    return Study.model_validate(study.model_dump(exclude={"rules"}))
