"""Every case, and every mutant of the rules that the cases must notice."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from guide.engine import Engine
from guide.facts import parse_facts
from guide.recommend import adviser
from guide.rules import RULES, parse_rules, ruleset
from scripts.mutate_rules import EQUIVALENT, mutants
from tests.guide.cases import CASES, Case, answer, expected, failures

MUTANTS = list(mutants(yaml.safe_load(RULES.read_bytes())))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_case(case: Case) -> None:
    assert answer(Engine(ruleset()), case.facts) == expected(case)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_the_decision_tells_the_same(case: Case) -> None:
    decision = adviser().recommend(parse_facts(case.facts))
    told = ", ".join(f"{r.id}.{r.clause} {r.outcome}" for r in decision.rules if r.clause)
    assert (decision.verdict, decision.strategy, told) == (
        case.verdict,
        case.strategy,
        case.effects,
    )
    assert (decision.contested, decision.runner_up) == (case.contested, case.runner_up)
    overridden = [r.id for r in decision.rules if r.outcome == "overridden"]
    assert [conflict.rules[1] for conflict in decision.conflicts] == overridden
    assert decision.summary.count(". ") == 1
    assert decision.summary.endswith(".")
    assert all(decision.summary.count(f"({r.id})") <= 1 for r in decision.rules)
    assert bool(decision.candidates) is (case.verdict != "insufficient_information")


def test_tiers() -> None:
    """Told with every rule, so part of the answer."""
    told: dict[str, int | None] = {}
    for case in CASES:
        decision = adviser().recommend(parse_facts(case.facts))
        told |= {f"{r.id}.{r.clause}": r.tier for r in decision.rules if r.clause}
    assert told == {
        "R6.generate": 0, "R4.stated": 1, "R5.hard": 1, "R5.text": 1, "R5.network": 1,
        "G1.gray": 2, "M1.mixed": 2, "S1.short": 2, "D1.objects": 2,
        "W1.small": 3, "R1.switch": 3, "R1.start": 3, "R2.text": 3, "R2.raw": 3, "T1.large": 3,
        "T1.table": 3, "T1.dirty": 3, "T2.infeasible": 3, "F1.labelled": 3,
        "R3.none": 4, "R3.table": 4, "R3.dense": 4, "R3.few": 4,
        "R4.preferred": 5, "R5.tight": 5, "R5.bounded": 5, "R5.small": 5, "R5.words": 5,
        "R5.modest": 5,
        "P1.clustering": 6, "P1.anomalies": 6, "P1.novelty": 6, "P2.clusters": 6,
        "P2.anomalies": 6, "P2.novelty": 6, "P2.synthetic": 6, "P2.unlabelled": 6,
        "P2.signals": 6, "P2.structured": 6, "R4.assumed": 7,
    }  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["threshold", "strictness", "kind", "unless", "tier", "families"])
def test_a_change_of_the_rules_is_noticed(kind: str) -> None:
    """`python -m scripts.mutate_rules` prints the same."""
    chosen = [(name, data) for k, name, data in MUTANTS if k == kind]
    assert chosen
    survived = {name for name, data in chosen if not list(failures(parse_rules(data)))}
    assert survived == EQUIVALENT.keys() & {name for name, _ in chosen}


def decide(**facts: Any) -> Any:
    return adviser().recommend(parse_facts(facts))


def missing(decision: Any) -> dict[str, bool]:
    return {m.fact: m.would_change_verdict for m in decision.missing_facts}


def test_unknown_rows_of_a_table_are_missing() -> None:
    decision = decide(modalities=["tabular"])
    assert missing(decision)["n_rows"] is False
    (rows,) = [m for m in decision.missing_facts if m.fact == "n_rows"]
    assert ("at least 500,000", True) in [(o.when, o.contested) for o in rows.outcomes]


def test_an_assumed_need_for_explanation_is_missing_and_would_decide() -> None:
    decision = decide(modalities=["image"], n_labelled=500, domain="medical_diagnosis")
    assert missing(decision)["explainability"] is True
    assert decision.missing_facts[0].outcomes[0].when == "required"
    assert decision.missing_facts[0].outcomes[0].verdict == "classical_ml"
    assert decision.conflicts[0].principle == "an assumption must not beat the data"
    assert [(a.fact, a.rule) for a in decision.assumptions] == [("explainability", "R4")]


def test_a_gap_of_the_guide_is_said() -> None:
    decision = decide(modalities=["tabular"], n_rows=500_000)
    assert decision.guide_gap is not None
    assert decision.guide_gap in decision.summary
    assert decision.candidates[-1].name == "TabM or FT-Transformer (challenger)"
    assert decide(modalities=["tabular"], n_rows=499_999).guide_gap is None


def test_unknown_cleanliness_is_an_assumption() -> None:
    facts: dict[str, Any] = {"modalities": ["tabular"], "n_rows": 20_000}
    assert "clean" in [a.fact for a in decide(**facts).assumptions]
    assert "clean" not in [a.fact for a in decide(**facts, clean=True).assumptions]
    dirty = decide(**facts, clean=False)
    assert "clean the table first" in dirty.summary.lower()
    assert all("clean the table first" in c.caveats[0] for c in dirty.candidates)


def test_what_a_generator_cannot_give_is_unmet() -> None:
    decision = decide(
        task="generation", modalities=["text"], explainability="required", budget="hard_limit"
    )
    assert [u.fact for u in decision.unmet] == ["explainability", "budget"]
    assert "cannot give" in decision.summary
    assert decision.robustness.robust


def test_an_empty_request_names_what_would_decide() -> None:
    decision = decide()
    assert {f for f, flips in missing(decision).items() if flips} == {
        "modalities",
        "task",
        "explainability",
        "domain",
        "budget",
    }
    assert decision.candidates == []
    assert not decision.robustness.robust


def test_one_count_bounds_the_other() -> None:
    """400 rows cannot hold 1,000 labels, and 600,000 labels need as many rows."""
    few = decide(modalities=["image"], n_rows=400)
    assert few.strategy == "transfer_learning_frozen_backbone"
    (r3,) = [r for r in few.rules if r.id == "R3"]
    assert r3.because == {"n_rows": 400}
    many = decide(modalities=["tabular"], n_labelled=600_000)
    assert many.guide_gap is not None


def test_distilbert_leads_where_the_budget_is_tight() -> None:
    decision = decide(modalities=["text"], n_labelled=20_000, budget="tight")
    assert decision.candidates[0].name.startswith("DistilBERT")


def test_an_average_with_the_trees_leads_where_they_are_exhausted() -> None:
    decision = decide(modalities=["tabular"], n_rows=200_000, trees_exhausted=True)
    names = [c.name.split(",")[0] for c in decision.candidates]
    assert names == ["An ensembled MLP (TabM", "FT-Transformer", "XGBoost (the baseline to beat)"]


def test_a_boundary_is_told_whole() -> None:
    """The values that flip, joined over strategies: under 100,000 rows, not under 1,000."""
    decision = decide(modalities=["tabular"], trees_exhausted=True, task="classification")
    assert "n_rows, which is not stated, were at most 99,999 (classical ML)" in decision.summary


def test_evidence_is_that_of_the_clause_and_the_data() -> None:
    exhausted = decide(modalities=["tabular"], n_rows=200_000, trees_exhausted=True)
    assert "grinsztajn-2022" not in [e.id for e in exhausted.evidence]
    assert "tabpfn-2025" not in [
        e.id for e in decide(modalities=["tabular"], n_rows=200_000).evidence
    ]
    assert "tabpfn-2025" in [e.id for e in decide(modalities=["tabular"], n_rows=5_000).evidence]
    large = decide(modalities=["tabular"], n_rows=600_000)
    assert {e.id for e in large.evidence} == {"tabred-2024", "gorishniy-2021"}
    logs = decide(modalities=["text"], task="log_analysis")
    assert "gorishniy-2021" not in [e.id for e in logs.evidence]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"n_rows": 0}, "there are no rows yet"),
        ({"trees_exhausted": True, "n_rows": 5000}, "the trees are tuned already"),
    ],
)
def test_what_comes_first_is_said(facts: dict[str, Any], said: str) -> None:
    decision = decide(modalities=["tabular"], **facts)
    assert said in decision.summary.lower()
    assert said in decision.candidates[0].caveats[0]
