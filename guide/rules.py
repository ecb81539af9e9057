"""The rules as data: `rules.yaml` parsed, checked, hashed.

Upgrading: raise `version` in the file when the meaning of a rule changes. The hash in
`Ruleset.version` changes with any change of the data, so every decision names the rules it used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from guide.conditions import Condition, conditions
from guide.documents import HERE, read
from guide.latencies import latencies

Family = Literal["classical_ml", "deep_learning", "hybrid"]
Verdict = Literal["classical_ml", "deep_learning", "hybrid", "insufficient_information"]
Strategy = Literal[
    "gradient_boosted_trees_or_forest",
    "regularised_classical",
    "interpretable_classical",
    "fine_tune_pretrained",
    "transfer_learning_frozen_backbone",
    "small_pretrained",
    "generative_pretrained",
    "tabular_deep_learning",
    "hybrid_benchmark_both",
    "unsupervised",
    "label_first",
    "pretrained_without_labels",
    "statistical_forecasting",
    "none",
]
FAMILIES: tuple[Family, ...] = get_args(Family)
RULES = HERE / "rules.yaml"

Spec = dict[str, dict[str, Any]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tier(_Strict):
    """Rules of a lower tier apply first."""

    tier: int = Field(ge=0)
    name: str
    wins: str = Field(description="Why a rule of this tier beats one of a later tier.")
    loses: str | None = Field(
        None, description="Why a rule of this tier loses, if there is one reason."
    )
    contests: bool = Field(
        True, description="Whether an overridden rule of this tier contests the verdict."
    )


@dataclass(frozen=True)
class Unless:
    """A condition that blocks its clause when true.

    When unknown, it is assumed false, and the decision states the assumption.
    """

    condition: Condition
    assumption: str


class Clause(_Strict):
    """One case of a rule: its conditions and the families it asks for."""

    id: str
    tier: int
    when_: Spec = Field(alias="when")
    unless_: list[dict[str, Any]] = Field([], alias="unless")
    families: list[Family] = Field(min_length=1)
    says: str
    shapes: bool = False
    need: str | None = None
    principle: str | None = None
    evidence: list[str] | None = Field(
        None, description="Its own studies, if not those of the rule."
    )
    contested_by: Family | None = None
    gap: str | None = None

    @model_validator(mode="after")
    def _conditions_are_sound(self) -> Clause:
        if not self.when:
            raise ValueError(f"clause {self.id} has no condition")
        if any(condition.operator == "stated" for condition in self.when):
            raise ValueError(f"clause {self.id} asks in `when` what only `unless` can: `stated`")
        _ = self.unless
        return self

    @cached_property
    def when(self) -> tuple[Condition, ...]:
        """Conditions that must all hold."""
        return conditions(self.when_)

    @cached_property
    def unless(self) -> tuple[Unless, ...]:
        """Conditions of which none may hold."""
        return tuple(_defeater(entry) for entry in self.unless_)


class Rule(_Strict):
    """One of the guide's signals."""

    id: str
    title: str
    section: str = Field(description="Section of the guide; `none` of what it does not speak of.")
    statement: str
    evidence: list[str] = Field(description="Ids of the studies beside it.")
    clauses: list[Clause] = Field(min_length=1)

    def cited(self, clause: Clause) -> list[str]:
        """The studies beside one of its clauses."""
        return self.evidence if clause.evidence is None else clause.evidence

    @property
    def studies(self) -> list[str]:
        """The studies beside all its clauses."""
        cited = [study for clause in self.clauses for study in self.cited(clause)]
        return list(dict.fromkeys([*self.evidence, *cited]))


class Selection(_Strict):
    """When a strategy is chosen."""

    strategy: Strategy
    verdict: Verdict
    fired: list[str] = Field([], description="`<rule>.<clause>`; any of them.")
    when_: Spec = Field({}, alias="when")
    says: str | None = Field(None, description="What to do, if not in the strategy's own words.")
    because: str | None = Field(None, description="Why, if not in the words of those clauses.")

    @cached_property
    def when(self) -> tuple[Condition, ...]:
        """Conditions that must all hold."""
        return conditions(self.when_)


class Document(_Strict):
    """`rules.yaml`."""

    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    tiers: list[Tier]
    rules: list[Rule]
    strategies: list[Selection]

    @model_validator(mode="after")
    def _names_meet(self) -> Document:
        clauses = [f"{rule.id}.{clause.id}" for rule in self.rules for clause in rule.clauses]
        tiers = {tier.tier for tier in self.tiers}
        for names in (clauses, [rule.id for rule in self.rules]):
            if len(set(names)) < len(names):
                raise ValueError(f"an id is given twice among {', '.join(names)}")
        for rule in self.rules:
            for clause in rule.clauses:
                if clause.tier not in tiers:
                    raise ValueError(f"{rule.id}.{clause.id} is of the unknown tier {clause.tier}")
        for selection in self.strategies:
            _ = selection.when
            if unknown := set(selection.fired) - set(clauses):
                raise ValueError(f"{selection.strategy} names the unknown clause {min(unknown)}")
        last = {s.verdict for s in self.strategies if not s.fired and not s.when_}
        if missing := set(get_args(Verdict)) - last:
            raise ValueError(f"no strategy without conditions for {', '.join(sorted(missing))}")
        return self


@dataclass(frozen=True)
class Ruleset:
    """The rules and their version."""

    document: Document
    version: str

    @property
    def rules(self) -> list[Rule]:
        """In the order of the file."""
        return self.document.rules


def parse_rules(data: Any) -> Ruleset:
    """Rules from what a YAML file holds; their version covers the latencies they refer to.

    Raises:
        ValueError: not the schema of this module.
    """
    document = Document.model_validate(data)
    measured = {kind: latency.milliseconds for kind, latency in latencies().items()}
    canonical = json.dumps([data, measured], sort_keys=True, default=str).encode()
    return Ruleset(document, f"{document.version}+{hashlib.sha256(canonical).hexdigest()[:12]}")


@lru_cache(maxsize=1)
def ruleset() -> Ruleset:
    """The rules of this package.

    Raises:
        RulesetError: the file is missing or breaks the schema.
    """
    return read(RULES, parse_rules)


def _defeater(entry: Mapping[str, Any]) -> Unless:
    spec = dict(entry)
    assumption = spec.pop("assumption", None)
    found = conditions(spec)
    if not isinstance(assumption, str) or len(found) != 1:
        raise ValueError("an unless needs one condition and its assumption")
    return Unless(found[0], assumption)
