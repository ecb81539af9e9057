"""What the guide must answer: facts, verdict, strategy, and what each fired clause did.

`failures` judges a set of rules by them, so the tests and the mutation check ask the same thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from guide import trace
from guide.engine import Engine
from guide.facts import parse_facts
from guide.rules import Ruleset

C, D, H, I = "classical_ml", "deep_learning", "hybrid", "insufficient_information"  # noqa: E741


@dataclass(frozen=True)
class Case:
    """Facts, and what is answered.

    `effects` are the fired clauses in order of rank; `conflicts` who overrode whom, and for
    which tier's or clause's reason, by its first words.
    """

    name: str
    facts: dict[str, Any]
    verdict: str
    strategy: str
    effects: str
    conflicts: str = ""
    contested: bool = False
    runner_up: str | None = None


# fmt: off
CASES = [
    Case("table, 20,000 rows", dict(modalities=["tabular"], n_rows=20000), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.start agrees, T1.table agrees"),
    Case("table, 99,999 rows, exhausted", dict(modalities=["tabular"], n_rows=99999, trees_exhausted=True), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.switch overridden", "W1 over R1: the guide contradicts itself", contested=True, runner_up=D),
    Case("table, 100,000 rows", dict(modalities=["tabular"], n_rows=100000), C, "gradient_boosted_trees_or_forest", "R1.start decides, T1.table agrees"),
    Case("table, 499,999 rows", dict(modalities=["tabular"], n_rows=499999), C, "gradient_boosted_trees_or_forest", "R1.start decides, T1.table agrees"),
    Case("table, 500,000 rows", dict(modalities=["tabular"], n_rows=500000), C, "gradient_boosted_trees_or_forest", "T1.large decides", contested=True, runner_up=D),
    Case("table, 600,000 labelled, rows unknown", dict(modalities=["tabular"], n_labelled=600000), C, "gradient_boosted_trees_or_forest", "T1.large decides", contested=True, runner_up=D),
    Case("table, 20,000 rows, 400 labelled", dict(modalities=["tabular"], n_rows=20000, n_labelled=400), C, "regularised_classical", "W1.small decides, R1.start agrees, T1.table agrees, R3.table shapes"),
    Case("table, 400 rows, labelled unknown", dict(modalities=["tabular"], n_rows=400), C, "regularised_classical", "W1.small decides, R1.start agrees, T1.table agrees, R3.table shapes"),
    Case("table, 20,000 rows, 999 labelled", dict(modalities=["tabular"], n_rows=20000, n_labelled=999), C, "regularised_classical", "W1.small decides, R1.start agrees, T1.table agrees, R3.table shapes"),
    Case("table, 20,000 rows, 1,000 labelled", dict(modalities=["tabular"], n_rows=20000, n_labelled=1000), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.start agrees, T1.table agrees"),
    Case("image, features infeasible, explainability required", dict(modalities=["image"], feature_engineering="infeasible", explainability="required"), C, "interpretable_classical", "R4.stated decides, R2.raw overridden, T2.infeasible overridden", "R4 over R2: what is imposed from; R4 over T2: what is imposed from", contested=True, runner_up=D),
    Case("table, 200,000 rows, trees exhausted", dict(modalities=["tabular"], n_rows=200000, trees_exhausted=True), D, "tabular_deep_learning", "R1.switch decides"),
    Case("table, 100,000 rows, trees exhausted", dict(modalities=["tabular"], n_rows=100000, trees_exhausted=True), D, "tabular_deep_learning", "R1.switch decides"),
    Case("table, 600,000 rows, trees exhausted", dict(modalities=["tabular"], n_rows=600000, trees_exhausted=True), D, "tabular_deep_learning", "R1.switch decides"),
    Case("table, 50,000 rows, trees exhausted", dict(modalities=["tabular"], n_rows=50000, trees_exhausted=True), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.switch overridden", "W1 over R1: the guide contradicts itself", contested=True, runner_up=D),
    Case("table, 200,000 rows, 400 labelled, trees exhausted", dict(modalities=["tabular"], n_rows=200000, n_labelled=400, trees_exhausted=True), D, "tabular_deep_learning", "R1.switch decides, R3.table overridden", "R1 over R3: the data's own default", contested=True, runner_up=C),
    Case("table, rows unknown", dict(modalities=["tabular"]), C, "gradient_boosted_trees_or_forest", "T1.table decides"),
    Case("table, 200,000 rows, not clean", dict(modalities=["tabular"], n_rows=200000, clean=False), C, "gradient_boosted_trees_or_forest", "T1.table decides"),
    Case("table, 20,000 rows, explainability preferred", dict(modalities=["tabular"], n_rows=20000, explainability="preferred"), C, "interpretable_classical", "W1.small decides, R1.start agrees, T1.table agrees, R4.preferred shapes"),
    Case("table, 20,000 rows, 400 labelled, preferred, tight", dict(modalities=["tabular"], n_rows=20000, n_labelled=400, explainability="preferred", budget="tight"), C, "regularised_classical", "W1.small decides, R1.start agrees, T1.table agrees, R3.table shapes, R4.preferred shapes, R5.tight shapes"),
    Case("table, 500,000 rows, explainability required", dict(modalities=["tabular"], n_rows=500000, explainability="required"), C, "interpretable_classical", "R4.stated decides, T1.large agrees"),
    Case("table, features infeasible", dict(modalities=["tabular"], n_rows=20000, feature_engineering="infeasible"), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.start agrees, T1.table agrees"),
    Case("image, 50,000 labelled", dict(modalities=["image"], n_labelled=50000), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("image, 500 labelled", dict(modalities=["image"], n_labelled=500), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes"),
    Case("image, 999 labelled", dict(modalities=["image"], n_labelled=999), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes"),
    Case("image, 1,000 labelled", dict(modalities=["image"], n_labelled=1000), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("image, 500 labelled, medical diagnosis", dict(modalities=["image"], n_labelled=500, domain="medical_diagnosis"), D, "transfer_learning_frozen_backbone", "R2.raw decides, R4.assumed overridden, R3.few shapes", "R2 over R4: an assumption must not"),
    Case("image, 500 labelled, medical diagnosis, not needed", dict(modalities=["image"], n_labelled=500, domain="medical_diagnosis", explainability="not_needed"), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes"),
    Case("image, 20,000 labelled, explainability required", dict(modalities=["image"], n_labelled=20000, explainability="required"), C, "interpretable_classical", "R4.stated decides, R2.raw overridden", "R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("image, 300 labelled, explainability required, tight", dict(modalities=["image"], n_labelled=300, explainability="required", budget="tight"), C, "regularised_classical", "R4.stated decides, R2.raw overridden, R3.few shapes, R5.tight shapes", "R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("image, 300 labelled, preferred, tight", dict(modalities=["image"], n_labelled=300, explainability="preferred", budget="tight"), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes, R4.preferred shapes, R5.tight shapes"),
    Case("image, features infeasible", dict(modalities=["image"], feature_engineering="infeasible"), D, "fine_tune_pretrained", "R2.raw decides, T2.infeasible agrees"),
    Case("image, required and hard limit", dict(modalities=["image"], explainability="required", budget="hard_limit"), C, "interpretable_classical", "R4.stated decides, R5.hard agrees, R2.raw overridden", "R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("audio", dict(modalities=["audio"]), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("video", dict(modalities=["video"]), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("text, 1,000 labelled", dict(modalities=["text"], n_labelled=1000), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("text, 999 labelled", dict(modalities=["text"], n_labelled=999), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes"),
    Case("text, 20,000, tight", dict(modalities=["text"], n_labelled=20000, budget="tight"), D, "small_pretrained", "R2.raw decides, R5.tight shapes"),
    Case("text, 20,000, hard limit", dict(modalities=["text"], n_labelled=20000, budget="hard_limit"), C, "regularised_classical", "R5.hard decides, R2.raw overridden", "R5 over R2: what is imposed from", contested=True, runner_up=D),
    Case("lending, table, 50,000 rows", dict(modalities=["tabular"], n_rows=50000, domain="lending"), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.start agrees, T1.table agrees, R4.assumed agrees"),
    Case("legal alone", dict(domain="legal"), C, "gradient_boosted_trees_or_forest", "R4.assumed decides"),
    Case("generation of images, tight", dict(task="generation", modalities=["image"], budget="tight"), D, "small_pretrained", "R6.generate decides, R2.raw agrees, R5.tight shapes"),
    Case("generation of text, explainability required", dict(task="generation", modalities=["text"], explainability="required"), D, "generative_pretrained", "R6.generate decides, R4.stated overridden, R2.raw agrees", "R6 over R4: there is no alternative"),
    Case("generation, hard limit", dict(task="generation", budget="hard_limit"), D, "small_pretrained", "R6.generate decides, R5.hard overridden", "R6 over R5: there is no alternative"),
    Case("generation of tables, lending", dict(task="generation", modalities=["tabular"], n_rows=20000, domain="lending"), D, "generative_pretrained", "R6.generate decides, W1.small overridden, R1.start overridden, T1.table overridden, R4.assumed overridden", "R6 over W1: there is no alternative; R6 over R1: there is no alternative; R6 over T1: there is no alternative; R6 over R4: there is no alternative"),
    Case("generation of a table with images", dict(task="generation", modalities=["tabular", "image"]), D, "generative_pretrained", "R6.generate decides, M1.mixed overridden, R2.raw agrees", "R6 over M1: there is no alternative"),
    Case("recommendation, 200,000 rows", dict(task="recommendation", n_rows=200000), H, "hybrid_benchmark_both", "G1.gray decides"),
    Case("recommendation, table, 20,000 rows, 400 labelled", dict(task="recommendation", modalities=["tabular"], n_rows=20000, n_labelled=400), H, "hybrid_benchmark_both", "G1.gray decides, W1.small overridden, R1.start overridden, T1.table overridden, R3.table shapes", "G1 over W1: the specific beats the; G1 over R1: the specific beats the; G1 over T1: the specific beats the"),
    Case("recommendation, table, trees exhausted", dict(task="recommendation", modalities=["tabular"], trees_exhausted=True), H, "hybrid_benchmark_both", "G1.gray decides, R1.switch overridden", "G1 over R1: the specific beats the"),
    Case("forecasting", dict(task="forecasting"), H, "hybrid_benchmark_both", "G1.gray decides"),
    Case("forecasting, explainability required", dict(task="forecasting", explainability="required"), C, "interpretable_classical", "R4.stated decides, G1.gray overridden", "R4 over G1: what is imposed from"),
    Case("forecasting, 300 labelled, preferred, tight, lending", dict(task="forecasting", n_labelled=300, explainability="preferred", budget="tight", domain="lending"), H, "hybrid_benchmark_both", "G1.gray decides, R3.few shapes, R4.preferred shapes, R5.tight shapes"),
    Case("forecasting, table, 600,000 rows, lending", dict(task="forecasting", modalities=["tabular"], n_rows=600000, domain="lending"), H, "hybrid_benchmark_both", "G1.gray decides, T1.large overridden, R4.assumed overridden", "G1 over T1: the specific beats the; G1 over R4: the specific beats the"),
    Case("forecasting on video, features infeasible", dict(task="forecasting", modalities=["video"], feature_engineering="infeasible"), H, "hybrid_benchmark_both", "G1.gray decides, R2.raw overridden, T2.infeasible overridden", "G1 over R2: the specific beats the; G1 over T2: the specific beats the"),
    Case("log analysis, text", dict(task="log_analysis", modalities=["text"]), H, "hybrid_benchmark_both", "G1.gray decides, R2.raw overridden", "G1 over R2: the specific beats the"),
    Case("table with text", dict(modalities=["tabular", "text"]), H, "hybrid_benchmark_both", "M1.mixed decides, R2.raw overridden", "M1 over R2: the specific beats the"),
    Case("table with images, 500 labelled", dict(modalities=["tabular", "image"], n_labelled=500), H, "hybrid_benchmark_both", "M1.mixed decides, R2.raw overridden, R3.few shapes", "M1 over R2: the specific beats the"),
    Case("table with audio, explainability required", dict(modalities=["tabular", "audio"], explainability="required"), C, "interpretable_classical", "R4.stated decides, M1.mixed overridden, R2.raw overridden", "R4 over M1: what is imposed from; R4 over R2: what is imposed from", contested=True, runner_up=H),
    Case("forecasting on a table with text", dict(task="forecasting", modalities=["tabular", "text"]), H, "hybrid_benchmark_both", "G1.gray decides, M1.mixed agrees, R2.raw overridden", "G1 over R2: the specific beats the"),
    Case("forecasting, hard limit", dict(task="forecasting", budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, G1.gray overridden", "R5 over G1: what is imposed from"),
    Case("forecasting, hard limit, lending", dict(task="forecasting", budget="hard_limit", domain="lending"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, G1.gray overridden, R4.assumed agrees", "R5 over G1: what is imposed from"),
    Case("table with text, hard limit", dict(modalities=["tabular", "text"], budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, M1.mixed overridden, R2.raw overridden", "R5 over M1: what is imposed from; R5 over R2: what is imposed from", contested=True, runner_up=H),
    Case("table with text, lending", dict(modalities=["tabular", "text"], domain="lending"), H, "hybrid_benchmark_both", "M1.mixed decides, R2.raw overridden, R4.assumed overridden", "M1 over R2: the specific beats the; M1 over R4: the specific beats the"),
    Case("forecasting, required and hard limit, text", dict(task="forecasting", modalities=["text"], explainability="required", budget="hard_limit"), C, "interpretable_classical", "R4.stated decides, R5.hard agrees, G1.gray overridden, R2.raw overridden", "R4 over G1: what is imposed from; R4 over R2: what is imposed from", contested=True, runner_up=H),
    Case("table, 200,000 rows, trees exhausted, hard limit", dict(modalities=["tabular"], n_rows=200000, trees_exhausted=True, budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, R1.switch overridden", "R5 over R1: what is imposed from", contested=True, runner_up=D),
    Case("table, 200,000 rows, trees exhausted, lending, 400 labelled", dict(modalities=["tabular"], n_rows=200000, n_labelled=400, trees_exhausted=True, domain="lending"), D, "tabular_deep_learning", "R1.switch decides, R4.assumed overridden, R3.table overridden", "R1 over R4: an assumption must not; R1 over R3: the data's own default", contested=True, runner_up=C),
    Case("table, 600,000 rows, hard limit", dict(modalities=["tabular"], n_rows=600000, budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, T1.large agrees"),
    Case("table, 20,000 rows, hard limit", dict(modalities=["tabular"], n_rows=20000, budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, W1.small agrees, R1.start agrees, T1.table agrees"),
    Case("table, 200,000 rows, trees exhausted, not clean", dict(modalities=["tabular"], n_rows=200000, trees_exhausted=True, clean=False), C, "gradient_boosted_trees_or_forest", "T1.dirty decides"),
    Case("table, 600,000 rows, not clean", dict(modalities=["tabular"], n_rows=600000, clean=False), C, "gradient_boosted_trees_or_forest", "T1.large decides", contested=True, runner_up=D),
    Case("generation of tables, trees exhausted, not clean", dict(task="generation", modalities=["tabular"], trees_exhausted=True, clean=False), D, "generative_pretrained", "R6.generate decides, T1.dirty overridden", "R6 over T1: there is no alternative"),
    Case("image, features infeasible, lending, 300 labelled, tight", dict(modalities=["image"], feature_engineering="infeasible", domain="lending", n_labelled=300, budget="tight"), D, "transfer_learning_frozen_backbone", "R2.raw decides, T2.infeasible agrees, R4.assumed overridden, R3.few shapes, R5.tight shapes", "R2 over R4: an assumption must not"),
    Case("table, 20,000 rows, 300 labelled, lending, tight", dict(modalities=["tabular"], n_rows=20000, n_labelled=300, domain="lending", budget="tight"), C, "regularised_classical", "W1.small decides, R1.start agrees, T1.table agrees, R4.assumed agrees, R3.table shapes, R5.tight shapes"),
    Case("generation of text, 300 labelled, lending, tight", dict(task="generation", modalities=["text"], n_labelled=300, domain="lending", budget="tight"), D, "small_pretrained", "R6.generate decides, R2.raw agrees, R4.assumed overridden, R3.few shapes, R5.tight shapes", "R6 over R4: there is no alternative"),
    Case("300 labelled, lending, tight", dict(n_labelled=300, domain="lending", budget="tight"), C, "regularised_classical", "R4.assumed decides, R3.few shapes, R5.tight shapes"),
    Case("forecasting, table, trees exhausted, not clean", dict(task="forecasting", modalities=["tabular"], trees_exhausted=True, clean=False), H, "hybrid_benchmark_both", "G1.gray decides, T1.dirty overridden", "G1 over T1: the specific beats the"),
    Case("table, trees exhausted, not clean, required", dict(modalities=["tabular"], trees_exhausted=True, clean=False, explainability="required"), C, "interpretable_classical", "R4.stated decides, T1.dirty agrees"),
    Case("table, trees exhausted, not clean, 300 labelled, lending, tight", dict(modalities=["tabular"], trees_exhausted=True, clean=False, n_labelled=300, domain="lending", budget="tight"), C, "regularised_classical", "T1.dirty decides, R4.assumed agrees, R3.table shapes, R5.tight shapes"),
    Case("table, 50,000 rows, trees exhausted, not clean", dict(modalities=["tabular"], n_rows=50000, trees_exhausted=True, clean=False), C, "gradient_boosted_trees_or_forest", "W1.small decides, T1.dirty agrees"),
    Case("empty", dict(), I, "none", ""),
    Case("500 labelled alone", dict(n_labelled=500), I, "none", "R3.few shapes"),
    Case("tight and preferred alone", dict(budget="tight", explainability="preferred"), I, "none", "R4.preferred shapes, R5.tight shapes"),
    Case("trees exhausted, modalities unknown", dict(trees_exhausted=True, n_rows=200000), I, "none", ""),
]
# fmt: on


def failures(rules: Ruleset) -> Iterator[str]:
    """The cases that a set of rules does not answer as it must."""
    engine = Engine(rules)
    for case in CASES:
        if answer(engine, case.facts) != expected(case):
            yield case.name


def answer(engine: Engine, facts: dict[str, Any]) -> tuple[Any, ...]:
    """What the engine says, as `expected` writes it."""
    masks = engine.space.fact_mask(parse_facts(facts))
    resolution, outcome = engine.resolve(masks), engine.outcome(masks)
    effects = ", ".join(f"{name} {effect}" for name, effect in resolution.effects.items())
    conflicts = "; ".join(
        f"{c.winner} over {c.rules[1]}: {' '.join(c.principle.split()[:4])}"
        for c in trace.conflicts(resolution)
    )
    contest = (outcome.contested, resolution.runner_up)
    return (outcome.verdict, outcome.strategy, effects, conflicts, *contest)


def expected(case: Case) -> tuple[Any, ...]:
    """What must be said."""
    contest = (case.contested, case.runner_up)
    return (case.verdict, case.strategy, case.effects, case.conflicts, *contest)
