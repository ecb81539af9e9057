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
from guide.latencies import latencies
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


def at(kind: str) -> float:
    """What a kind was measured to take, in milliseconds."""
    return latencies()[kind].milliseconds


def under(kind: str) -> float:
    """A little less."""
    return round(at(kind) * 0.999, 6)


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
    Case("image, 500 labelled, medical diagnosis", dict(modalities=["image"], n_labelled=500, domain="medical_diagnosis"), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes, R4.assumed overridden", "R2 over R4: an assumption must not"),
    Case("image, 500 labelled, medical diagnosis, not needed", dict(modalities=["image"], n_labelled=500, domain="medical_diagnosis", explainability="not_needed"), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes"),
    Case("image, 20,000 labelled, explainability required", dict(modalities=["image"], n_labelled=20000, explainability="required"), C, "interpretable_classical", "R4.stated decides, R2.raw overridden", "R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("image, 300 labelled, explainability required, tight", dict(modalities=["image"], n_labelled=300, explainability="required", budget="tight"), C, "regularised_classical", "R4.stated decides, R2.raw overridden, R3.few shapes, R5.tight shapes", "R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("image, 300 labelled, preferred, tight", dict(modalities=["image"], n_labelled=300, explainability="preferred", budget="tight"), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes, R4.preferred shapes, R5.tight shapes"),
    Case("image, features infeasible", dict(modalities=["image"], feature_engineering="infeasible"), D, "fine_tune_pretrained", "R2.raw decides, T2.infeasible agrees"),
    Case("image, required and hard limit", dict(modalities=["image"], explainability="required", budget="hard_limit"), C, "interpretable_classical", "R4.stated decides, R5.hard agrees, R2.raw overridden", "R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("audio", dict(modalities=["audio"]), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("video", dict(modalities=["video"]), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("text, 1,000 labelled", dict(modalities=["text"], n_labelled=1000), D, "fine_tune_pretrained", "R2.text decides"),
    Case("text, 999 labelled", dict(modalities=["text"], n_labelled=999), D, "transfer_learning_frozen_backbone", "R2.text decides, R3.few shapes"),
    Case("text, 20,000, tight", dict(modalities=["text"], n_labelled=20000, budget="tight"), D, "small_pretrained", "R2.text decides, R5.tight shapes"),
    Case("text, 20,000, hard limit", dict(modalities=["text"], n_labelled=20000, budget="hard_limit"), C, "regularised_classical", "R5.hard decides, R2.text overridden", "R5 over R2: what is imposed from", contested=True, runner_up=D),
    Case("lending, table, 50,000 rows", dict(modalities=["tabular"], n_rows=50000, domain="lending"), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.start agrees, T1.table agrees, R4.assumed agrees"),
    Case("legal alone", dict(domain="legal"), C, "gradient_boosted_trees_or_forest", "R4.assumed decides"),
    Case("generation of images, tight", dict(task="generation", modalities=["image"], budget="tight"), D, "small_pretrained", "R6.generate decides, R2.raw agrees, R5.tight shapes"),
    Case("generation of text, explainability required", dict(task="generation", modalities=["text"], explainability="required"), D, "generative_pretrained", "R6.generate decides, R4.stated overridden, R2.text agrees", "R6 over R4: there is no alternative"),
    Case("generation, hard limit", dict(task="generation", budget="hard_limit"), D, "small_pretrained", "R6.generate decides, R5.hard overridden", "R6 over R5: there is no alternative"),
    Case("generation of tables, lending", dict(task="generation", modalities=["tabular"], n_rows=20000, domain="lending"), H, "hybrid_benchmark_both", "P2.synthetic decides, R4.assumed overridden", "P2 over R4: an assumption must not"),
    Case("generation of a table with images", dict(task="generation", modalities=["tabular", "image"]), D, "generative_pretrained", "R6.generate decides, M1.mixed overridden, R2.raw agrees", "R6 over M1: there is no alternative"),
    Case("recommendation, 200,000 rows", dict(task="recommendation", n_rows=200000), H, "hybrid_benchmark_both", "G1.gray decides"),
    Case("recommendation, table, 20,000 rows, 400 labelled", dict(task="recommendation", modalities=["tabular"], n_rows=20000, n_labelled=400), H, "hybrid_benchmark_both", "G1.gray decides, W1.small overridden, R1.start overridden, T1.table overridden, R3.table shapes", "G1 over W1: the specific beats the; G1 over R1: the specific beats the; G1 over T1: the specific beats the"),
    Case("recommendation, table, trees exhausted", dict(task="recommendation", modalities=["tabular"], trees_exhausted=True), H, "hybrid_benchmark_both", "G1.gray decides, R1.switch overridden", "G1 over R1: the specific beats the"),
    Case("forecasting", dict(task="forecasting"), H, "hybrid_benchmark_both", "G1.gray decides"),
    Case("forecasting, explainability required", dict(task="forecasting", explainability="required"), C, "interpretable_classical", "R4.stated decides, G1.gray overridden", "R4 over G1: what is imposed from"),
    Case("forecasting, 300 labelled, preferred, tight, lending", dict(task="forecasting", n_labelled=300, explainability="preferred", budget="tight", domain="lending"), H, "hybrid_benchmark_both", "G1.gray decides, R3.few shapes, R4.preferred shapes, R5.tight shapes"),
    Case("forecasting, table, 600,000 rows, lending", dict(task="forecasting", modalities=["tabular"], n_rows=600000, domain="lending"), H, "hybrid_benchmark_both", "G1.gray decides, T1.large overridden, R4.assumed overridden", "G1 over T1: the specific beats the; G1 over R4: the specific beats the"),
    Case("forecasting on video, features infeasible", dict(task="forecasting", modalities=["video"], feature_engineering="infeasible"), H, "hybrid_benchmark_both", "G1.gray decides, R2.raw overridden, T2.infeasible overridden", "G1 over R2: the specific beats the; G1 over T2: the specific beats the"),
    Case("log analysis, text", dict(task="log_analysis", modalities=["text"]), H, "hybrid_benchmark_both", "G1.gray decides, R2.text overridden", "G1 over R2: the specific beats the"),
    Case("table with text", dict(modalities=["tabular", "text"]), H, "hybrid_benchmark_both", "M1.mixed decides, R2.raw overridden", "M1 over R2: the specific beats the"),
    Case("table with images, 500 labelled", dict(modalities=["tabular", "image"], n_labelled=500), H, "hybrid_benchmark_both", "M1.mixed decides, R2.raw overridden, R3.few shapes", "M1 over R2: the specific beats the"),
    Case("table with audio, explainability required", dict(modalities=["tabular", "audio"], explainability="required"), C, "interpretable_classical", "R4.stated decides, M1.mixed overridden, R2.raw overridden", "R4 over M1: what is imposed from; R4 over R2: what is imposed from", contested=True, runner_up=H),
    Case("forecasting on a table with text", dict(task="forecasting", modalities=["tabular", "text"]), H, "hybrid_benchmark_both", "G1.gray decides, M1.mixed agrees, R2.raw overridden", "G1 over R2: the specific beats the"),
    Case("forecasting, hard limit", dict(task="forecasting", budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, G1.gray overridden", "R5 over G1: what is imposed from"),
    Case("forecasting, hard limit, lending", dict(task="forecasting", budget="hard_limit", domain="lending"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, G1.gray overridden, R4.assumed agrees", "R5 over G1: what is imposed from"),
    Case("table with text, hard limit", dict(modalities=["tabular", "text"], budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, M1.mixed overridden, R2.raw overridden", "R5 over M1: what is imposed from; R5 over R2: what is imposed from", contested=True, runner_up=H),
    Case("table with text, lending", dict(modalities=["tabular", "text"], domain="lending"), H, "hybrid_benchmark_both", "M1.mixed decides, R2.raw overridden, R4.assumed overridden", "M1 over R2: the specific beats the; M1 over R4: the specific beats the"),
    Case("forecasting, required and hard limit, text", dict(task="forecasting", modalities=["text"], explainability="required", budget="hard_limit"), C, "interpretable_classical", "R4.stated decides, R5.hard agrees, G1.gray overridden, R2.text overridden", "R4 over G1: what is imposed from; R4 over R2: what is imposed from", contested=True, runner_up=H),
    Case("table, 200,000 rows, trees exhausted, hard limit", dict(modalities=["tabular"], n_rows=200000, trees_exhausted=True, budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, R1.switch overridden", "R5 over R1: what is imposed from", contested=True, runner_up=D),
    Case("table, 200,000 rows, trees exhausted, lending, 400 labelled", dict(modalities=["tabular"], n_rows=200000, n_labelled=400, trees_exhausted=True, domain="lending"), D, "tabular_deep_learning", "R1.switch decides, R3.table overridden, R4.assumed overridden", "R1 over R3: the data's own default; R1 over R4: an assumption must not", contested=True, runner_up=C),
    Case("table, 600,000 rows, hard limit", dict(modalities=["tabular"], n_rows=600000, budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, T1.large agrees"),
    Case("table, 20,000 rows, hard limit", dict(modalities=["tabular"], n_rows=20000, budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, W1.small agrees, R1.start agrees, T1.table agrees"),
    Case("table, 200,000 rows, trees exhausted, not clean", dict(modalities=["tabular"], n_rows=200000, trees_exhausted=True, clean=False), C, "gradient_boosted_trees_or_forest", "T1.dirty decides"),
    Case("table, 600,000 rows, not clean", dict(modalities=["tabular"], n_rows=600000, clean=False), C, "gradient_boosted_trees_or_forest", "T1.large decides", contested=True, runner_up=D),
    Case("generation of tables, trees exhausted, not clean", dict(task="generation", modalities=["tabular"], trees_exhausted=True, clean=False), H, "hybrid_benchmark_both", "P2.synthetic decides"),
    Case("image, features infeasible, lending, 300 labelled, tight", dict(modalities=["image"], feature_engineering="infeasible", domain="lending", n_labelled=300, budget="tight"), D, "transfer_learning_frozen_backbone", "R2.raw decides, T2.infeasible agrees, R3.few shapes, R5.tight shapes, R4.assumed overridden", "R2 over R4: an assumption must not"),
    Case("table, 20,000 rows, 300 labelled, lending, tight", dict(modalities=["tabular"], n_rows=20000, n_labelled=300, domain="lending", budget="tight"), C, "regularised_classical", "W1.small decides, R1.start agrees, T1.table agrees, R3.table shapes, R5.tight shapes, R4.assumed agrees"),
    Case("generation of text, 300 labelled, lending, tight", dict(task="generation", modalities=["text"], n_labelled=300, domain="lending", budget="tight"), D, "small_pretrained", "R6.generate decides, R2.text agrees, R3.few shapes, R5.tight shapes, R4.assumed overridden", "R6 over R4: there is no alternative"),
    Case("300 labelled, lending, tight", dict(n_labelled=300, domain="lending", budget="tight"), C, "regularised_classical", "R3.few shapes, R5.tight shapes, R4.assumed decides"),
    Case("forecasting, table, trees exhausted, not clean", dict(task="forecasting", modalities=["tabular"], trees_exhausted=True, clean=False), H, "hybrid_benchmark_both", "G1.gray decides, T1.dirty overridden", "G1 over T1: the specific beats the"),
    Case("table, trees exhausted, not clean, required", dict(modalities=["tabular"], trees_exhausted=True, clean=False, explainability="required"), C, "interpretable_classical", "R4.stated decides, T1.dirty agrees"),
    Case("table, trees exhausted, not clean, 300 labelled, lending, tight", dict(modalities=["tabular"], trees_exhausted=True, clean=False, n_labelled=300, domain="lending", budget="tight"), C, "regularised_classical", "T1.dirty decides, R3.table shapes, R5.tight shapes, R4.assumed agrees"),
    Case("table, 50,000 rows, trees exhausted, not clean", dict(modalities=["tabular"], n_rows=50000, trees_exhausted=True, clean=False), C, "gradient_boosted_trees_or_forest", "W1.small decides, T1.dirty agrees"),
    Case("image, 20,000 labelled, hard limit of 5 ms", dict(modalities=["image"], n_labelled=20000, budget="hard_limit", latency_ms=5), D, "small_pretrained", "R2.raw decides, R5.bounded shapes"),
    Case("image, latency just under a small CNN's", dict(modalities=["image"], latency_ms=under("small_cnn")), C, "gradient_boosted_trees_or_forest", "R5.network decides, R2.raw overridden", "R5 over R2: what is imposed from", contested=True, runner_up=D),
    Case("image, latency of a small CNN", dict(modalities=["image"], latency_ms=at("small_cnn")), D, "small_pretrained", "R2.raw decides, R5.small shapes"),
    Case("image, latency of a ResNet-50", dict(modalities=["image"], latency_ms=at("resnet_50")), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("image, latency just under a ResNet-50's", dict(modalities=["image"], latency_ms=under("resnet_50")), D, "small_pretrained", "R2.raw decides, R5.small shapes"),
    Case("image, latency just under a small CNN's, GPU", dict(modalities=["image"], latency_ms=under("small_cnn"), hardware="gpu"), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("image, hard limit of 0.01 ms", dict(modalities=["image"], budget="hard_limit", latency_ms=0.01), C, "gradient_boosted_trees_or_forest", "R5.network decides, R2.raw overridden", "R5 over R2: what is imposed from", contested=True, runner_up=D),
    Case("text, latency just under a small Transformer's", dict(modalities=["text"], n_labelled=20000, latency_ms=under("transformer_small")), C, "regularised_classical", "R5.text decides, R2.text overridden", "R5 over R2: what is imposed from", contested=True, runner_up=D),
    Case("text, latency of a small Transformer", dict(modalities=["text"], n_labelled=20000, latency_ms=at("transformer_small")), D, "small_pretrained", "R2.text decides, R5.small shapes"),
    Case("forecasting on text, 1 ms", dict(task="forecasting", modalities=["text"], latency_ms=1), C, "regularised_classical", "R5.text decides, G1.gray overridden, R2.text overridden", "R5 over G1: what is imposed from; R5 over R2: what is imposed from", contested=True, runner_up=H),
    Case("forecasting on video, 0.01 ms", dict(task="forecasting", modalities=["video"], latency_ms=0.01), C, "gradient_boosted_trees_or_forest", "R5.network decides, G1.gray overridden, R2.raw overridden", "R5 over G1: what is imposed from; R5 over R2: what is imposed from", contested=True, runner_up=H),
    Case("detection in images, 0.01 ms", dict(task="detection", modalities=["image"], latency_ms=0.01), C, "regularised_classical", "R5.network decides, D1.objects overridden, R2.raw overridden", "R5 over D1: what is imposed from; R5 over R2: what is imposed from", contested=True, runner_up=D),
    Case("generation of text, 1 ms", dict(task="generation", modalities=["text"], latency_ms=1), D, "small_pretrained", "R6.generate decides, R5.text overridden, R2.text agrees", "R6 over R5: there is no alternative"),
    Case("generation of images, 0.01 ms", dict(task="generation", modalities=["image"], latency_ms=0.01), D, "small_pretrained", "R6.generate decides, R5.network overridden, R2.raw agrees", "R6 over R5: there is no alternative"),
    Case("text, explainability required, 1 ms", dict(modalities=["text"], explainability="required", latency_ms=1), C, "interpretable_classical", "R4.stated decides, R5.text agrees, R2.text overridden", "R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("image, explainability required, 0.01 ms", dict(modalities=["image"], explainability="required", latency_ms=0.01), C, "interpretable_classical", "R4.stated decides, R5.network agrees, R2.raw overridden", "R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("image, lending, 300 labelled, 5 ms", dict(modalities=["image"], domain="lending", n_labelled=300, latency_ms=5), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes, R5.small shapes, R4.assumed overridden", "R2 over R4: an assumption must not"),
    Case("image, lending, 300 labelled, hard limit of 5 ms", dict(modalities=["image"], domain="lending", n_labelled=300, budget="hard_limit", latency_ms=5), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes, R5.bounded shapes, R4.assumed overridden", "R2 over R4: an assumption must not"),
    Case("image, CPU", dict(modalities=["image"], n_labelled=20000, hardware="cpu"), D, "small_pretrained", "R2.raw decides, R5.modest shapes"),
    Case("image, lending, 300 labelled, phone", dict(modalities=["image"], domain="lending", n_labelled=300, hardware="edge"), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes, R5.modest shapes, R4.assumed overridden", "R2 over R4: an assumption must not"),
    Case("image, GPU", dict(modalities=["image"], n_labelled=20000, hardware="gpu"), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("generation, CPU", dict(task="generation", hardware="cpu"), D, "small_pretrained", "R6.generate decides, R5.modest shapes"),
    Case("latency, hard limit, hardware and preference alone", dict(latency_ms=5, hardware="cpu", explainability="preferred"), I, "none", "R4.preferred shapes, R5.small shapes"),
    Case("hard limit of 5 ms, preferred", dict(latency_ms=5, budget="hard_limit", explainability="preferred"), I, "none", "R4.preferred shapes, R5.bounded shapes"),
    Case("CPU, preferred", dict(hardware="cpu", explainability="preferred"), I, "none", "R4.preferred shapes, R5.modest shapes"),
    Case("one series of 48 points", dict(task="forecasting", n_series=1, n_rows=48), C, "statistical_forecasting", "S1.short decides, G1.gray overridden, R3.few shapes", "S1 over G1: one short series is"),
    Case("one series of 999 points", dict(task="forecasting", n_series=1, n_rows=999), C, "statistical_forecasting", "S1.short decides, G1.gray overridden, R3.few shapes", "S1 over G1: one short series is"),
    Case("one series of 1,000 points", dict(task="forecasting", n_series=1, n_rows=1000), H, "hybrid_benchmark_both", "G1.gray decides"),
    Case("two series of 48 points", dict(task="forecasting", n_series=2, n_rows=48), H, "hybrid_benchmark_both", "G1.gray decides, R3.few shapes"),
    Case("one series of unknown length", dict(task="forecasting", n_series=1), H, "hybrid_benchmark_both", "G1.gray decides"),
    Case("one short series, explainability required", dict(task="forecasting", n_series=1, n_rows=48, explainability="required"), C, "statistical_forecasting", "R4.stated decides, S1.short agrees, G1.gray overridden, R3.few shapes", "R4 over G1: what is imposed from"),
    Case("one short series of a table with text", dict(task="forecasting", n_series=1, n_rows=48, modalities=["tabular", "text"]), C, "statistical_forecasting", "S1.short decides, G1.gray overridden, M1.mixed overridden, R2.raw overridden, R3.few shapes", "S1 over G1: one short series is; S1 over M1: one short series is; S1 over R2: the specific beats the", contested=True, runner_up=D),
    Case("detection in images", dict(task="detection", modalities=["image"], n_labelled=5000), D, "fine_tune_pretrained", "D1.objects decides, R2.raw agrees"),
    Case("detection, modalities unknown", dict(task="detection"), D, "fine_tune_pretrained", "D1.objects decides"),
    Case("segmentation in images with a table beside", dict(task="segmentation", modalities=["tabular", "image"]), D, "fine_tune_pretrained", "D1.objects decides, M1.mixed overridden, R2.raw agrees", "D1 over M1: the boxes and masks"),
    Case("segmentation, medical diagnosis, 200 labelled", dict(task="segmentation", modalities=["image"], domain="medical_diagnosis", n_labelled=200), D, "fine_tune_pretrained", "D1.objects decides, R2.raw agrees, R3.dense shapes, R4.assumed overridden", "D1 over R4: the specific beats the"),
    Case("segmentation, modalities unknown, lending", dict(task="segmentation", domain="lending"), D, "fine_tune_pretrained", "D1.objects decides, R4.assumed overridden", "D1 over R4: the specific beats the"),
    Case("segmentation, explainability required", dict(task="segmentation", modalities=["image"], explainability="required"), C, "interpretable_classical", "R4.stated decides, D1.objects overridden, R2.raw overridden", "R4 over D1: what is imposed from; R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("segmentation, hard limit", dict(task="segmentation", modalities=["image"], budget="hard_limit"), C, "regularised_classical", "R5.hard decides, D1.objects overridden, R2.raw overridden", "R5 over D1: what is imposed from; R5 over R2: what is imposed from", contested=True, runner_up=D),
    Case("segmentation of a table", dict(task="segmentation", modalities=["tabular"], n_rows=20000), I, "none", ""),
    Case("fraud: anomalies in a table, labelled", dict(task="anomaly_detection", modalities=["tabular"], n_labelled=50000), C, "gradient_boosted_trees_or_forest", "F1.labelled decides"),
    Case("anomalies in a table, one label", dict(task="anomaly_detection", modalities=["tabular"], n_rows=5000, n_labelled=1), C, "regularised_classical", "F1.labelled decides, R3.table shapes"),
    Case("anomalies in a table, labelled, lending, preferred", dict(task="anomaly_detection", modalities=["tabular"], n_labelled=50000, domain="lending", explainability="required"), C, "interpretable_classical", "R4.stated decides, F1.labelled agrees"),
    Case("anomalies in a table, labelled, lending, few", dict(task="anomaly_detection", modalities=["tabular"], n_labelled=500, domain="lending"), C, "regularised_classical", "F1.labelled decides, R3.table shapes, R4.assumed agrees"),
    Case("anomalies in a table, labelled, hard limit", dict(task="anomaly_detection", modalities=["tabular"], n_labelled=50000, budget="hard_limit"), C, "gradient_boosted_trees_or_forest", "R5.hard decides, F1.labelled agrees"),
    Case("anomalies in a table, labels unknown", dict(task="anomaly_detection", modalities=["tabular"], n_rows=20000), C, "unsupervised", "P1.anomalies shapes, P2.anomalies decides"),
    Case("anomalies in a table, no labels, medical", dict(task="anomaly_detection", modalities=["tabular"], n_labelled=0, domain="medical_diagnosis"), C, "unsupervised", "R3.none shapes, P1.anomalies shapes, P2.anomalies decides, R4.assumed agrees"),
    Case("anomalies in images, labels unknown", dict(task="anomaly_detection", modalities=["image"]), D, "pretrained_without_labels", "R2.raw decides, P1.anomalies shapes"),
    Case("anomalies in images, labelled", dict(task="anomaly_detection", modalities=["image"], n_labelled=5000), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("anomalies in a table with images", dict(task="anomaly_detection", modalities=["tabular", "image"]), H, "unsupervised", "M1.mixed decides, R2.raw overridden, P1.anomalies shapes", "M1 over R2: the specific beats the"),
    Case("anomalies in series, labelled", dict(task="anomaly_detection", modalities=["time_series"], n_labelled=5000), H, "hybrid_benchmark_both", "P2.structured decides"),
    Case("anomalies in series, features infeasible", dict(task="anomaly_detection", modalities=["time_series"], feature_engineering="infeasible"), D, "pretrained_without_labels", "T2.infeasible decides, P1.anomalies shapes, P2.anomalies overridden", "T2 over P2: what practitioners do never"),
    Case("anomalies, modalities unknown, tight", dict(task="anomaly_detection", budget="tight"), I, "none", "R5.tight shapes, P1.anomalies shapes"),
    Case("clustering a table", dict(task="clustering", modalities=["tabular"], n_rows=20000), C, "unsupervised", "P1.clustering shapes, P2.clusters decides"),
    Case("clustering a table, trees exhausted, not clean", dict(task="clustering", modalities=["tabular"], trees_exhausted=True, clean=False), C, "unsupervised", "P1.clustering shapes, P2.clusters decides"),
    Case("clustering a table of 600,000 rows, tight", dict(task="clustering", modalities=["tabular"], n_rows=600000, budget="tight"), C, "unsupervised", "R5.tight shapes, P1.clustering shapes, P2.clusters decides"),
    Case("clustering images", dict(task="clustering", modalities=["image"]), D, "pretrained_without_labels", "R2.raw decides, P1.clustering shapes"),
    Case("clustering a graph", dict(task="clustering", modalities=["graph"]), C, "unsupervised", "P1.clustering shapes, P2.clusters decides"),
    Case("clustering a graph, features infeasible", dict(task="clustering", modalities=["graph"], feature_engineering="infeasible"), D, "pretrained_without_labels", "T2.infeasible decides, P1.clustering shapes, P2.clusters overridden", "T2 over P2: what practitioners do never"),
    Case("clustering a table, explainability required", dict(task="clustering", modalities=["tabular"], explainability="required"), C, "unsupervised", "R4.stated decides, P1.clustering shapes, P2.clusters agrees"),
    Case("clustering, modalities unknown, tight", dict(task="clustering", budget="tight"), I, "none", "R5.tight shapes, P1.clustering shapes"),
    Case("clustering a table with text", dict(task="clustering", modalities=["tabular", "text"]), H, "unsupervised", "M1.mixed decides, R2.raw overridden, P1.clustering shapes", "M1 over R2: the specific beats the"),
    Case("survival on a table", dict(task="survival", modalities=["tabular"], n_rows=5000, n_labelled=5000), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.start agrees, T1.table agrees"),
    Case("survival, modalities unknown", dict(task="survival"), I, "none", ""),
    Case("ranking texts", dict(task="ranking", modalities=["text"], n_labelled=50000), D, "fine_tune_pretrained", "R2.text decides"),
    Case("several labels on images", dict(task="multi_label", modalities=["image"], n_labelled=50000), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("classes of series", dict(task="time_series_classification", modalities=["time_series"], n_labelled=2000), H, "hybrid_benchmark_both", "P2.signals decides"),
    Case("classes of series in a table", dict(task="time_series_classification", modalities=["tabular"], n_rows=20000), H, "hybrid_benchmark_both", "P2.signals decides"),
    Case("classes of series, modalities unknown, tight", dict(task="time_series_classification", budget="tight"), H, "hybrid_benchmark_both", "R5.tight shapes, P2.signals decides"),
    Case("classes of series, medical diagnosis", dict(task="time_series_classification", modalities=["time_series"], domain="medical_diagnosis"), H, "hybrid_benchmark_both", "P2.signals decides, R4.assumed overridden", "P2 over R4: an assumption must not"),
    Case("classes of series, 300 labelled, features infeasible", dict(task="time_series_classification", modalities=["time_series"], n_labelled=300, feature_engineering="infeasible"), D, "transfer_learning_frozen_backbone", "T2.infeasible decides, R3.few shapes, P2.signals overridden", "T2 over P2: what practitioners do never"),
    Case("classes of series, required", dict(task="time_series_classification", explainability="required"), C, "interpretable_classical", "R4.stated decides, P2.signals overridden", "R4 over P2: what practitioners do never"),
    Case("series", dict(modalities=["time_series"]), H, "hybrid_benchmark_both", "P2.structured decides"),
    Case("series to forecast", dict(modalities=["time_series"], task="forecasting", n_series=500), H, "hybrid_benchmark_both", "G1.gray decides"),
    Case("graph", dict(modalities=["graph"], task="classification"), H, "hybrid_benchmark_both", "P2.structured decides"),
    Case("graph, features infeasible", dict(modalities=["graph"], feature_engineering="infeasible"), D, "fine_tune_pretrained", "T2.infeasible decides, P2.structured overridden", "T2 over P2: what practitioners do never"),
    Case("graph, explainability required", dict(modalities=["graph"], explainability="required"), C, "interpretable_classical", "R4.stated decides, P2.structured overridden", "R4 over P2: what practitioners do never"),
    Case("graph with a table, lending", dict(modalities=["tabular", "graph"], domain="lending"), H, "hybrid_benchmark_both", "P2.structured decides, R4.assumed overridden", "P2 over R4: an assumption must not"),
    Case("graph, preferred, tight", dict(modalities=["graph"], explainability="preferred", budget="tight"), H, "hybrid_benchmark_both", "R4.preferred shapes, R5.tight shapes, P2.structured decides"),
    Case("segmentation of a table, nothing labelled", dict(task="segmentation", modalities=["tabular"], n_labelled=0), I, "none", "R3.none shapes"),
    Case("segmentation of a graph", dict(task="segmentation", modalities=["graph"]), I, "none", ""),
    Case("graph with images", dict(modalities=["image", "graph"]), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("table, nothing labelled", dict(modalities=["tabular"], n_rows=20000, n_labelled=0, task="classification"), C, "label_first", "R3.none shapes, P2.unlabelled decides"),
    Case("table, one label", dict(modalities=["tabular"], n_rows=20000, n_labelled=1, task="classification"), C, "regularised_classical", "W1.small decides, R1.start agrees, T1.table agrees, R3.table shapes"),
    Case("table, trees exhausted, nothing labelled", dict(modalities=["tabular"], n_rows=200000, n_labelled=0, trees_exhausted=True), C, "label_first", "R3.none shapes, P2.unlabelled decides"),
    Case("large dirty table, nothing labelled", dict(modalities=["tabular"], n_rows=600000, n_labelled=0, clean=False), C, "label_first", "R3.none shapes, P2.unlabelled decides"),
    Case("table, no rows", dict(modalities=["tabular"], n_rows=0), C, "label_first", "R3.none shapes, P2.unlabelled decides"),
    Case("table, nothing labelled, required, tight", dict(modalities=["tabular"], n_labelled=0, explainability="required", budget="tight"), C, "label_first", "R4.stated decides, R3.none shapes, R5.tight shapes, P2.unlabelled agrees"),
    Case("images, nothing labelled", dict(modalities=["image"], n_labelled=0), D, "pretrained_without_labels", "R2.raw decides, R3.none shapes"),
    Case("images, nothing labelled, lending, tight", dict(modalities=["image"], n_labelled=0, domain="lending", budget="tight"), D, "pretrained_without_labels", "R2.raw decides, R3.none shapes, R5.tight shapes, R4.assumed overridden", "R2 over R4: an assumption must not"),
    Case("text, nothing labelled, hard limit", dict(modalities=["text"], n_labelled=0, budget="hard_limit"), C, "label_first", "R5.hard decides, R2.text overridden, R3.none shapes", "R5 over R2: what is imposed from", contested=True, runner_up=D),
    Case("logs, nothing labelled", dict(task="log_analysis", modalities=["text"], n_labelled=0), H, "label_first", "G1.gray decides, R2.text overridden, R3.none shapes", "G1 over R2: the specific beats the"),
    Case("graph, nothing labelled, features infeasible", dict(modalities=["graph"], n_labelled=0, feature_engineering="infeasible"), D, "pretrained_without_labels", "T2.infeasible decides, R3.none shapes, P2.unlabelled overridden", "T2 over P2: what practitioners do never"),
    Case("nothing labelled, nothing else known", dict(n_labelled=0), I, "none", "R3.none shapes"),
    Case("generation of text, nothing labelled", dict(task="generation", modalities=["text"], n_labelled=0), D, "generative_pretrained", "R6.generate decides, R2.text agrees, R3.few shapes"),
    Case("forecasting, nothing labelled", dict(task="forecasting", n_labelled=0), H, "hybrid_benchmark_both", "G1.gray decides, R3.few shapes"),
    Case("text, 1 ms, GPU", dict(modalities=["text"], n_labelled=20000, latency_ms=1, hardware="gpu"), D, "fine_tune_pretrained", "R2.text decides"),
    Case("forecasting, hard limit of 5 ms", dict(task="forecasting", budget="hard_limit", latency_ms=5), H, "hybrid_benchmark_both", "G1.gray decides, R5.bounded shapes"),
    Case("table, 20,000 rows, hard limit of 5 ms", dict(modalities=["tabular"], n_rows=20000, budget="hard_limit", latency_ms=5), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.start agrees, T1.table agrees, R5.bounded shapes"),
    Case("forecasting, 5 ms", dict(task="forecasting", latency_ms=5), H, "hybrid_benchmark_both", "G1.gray decides, R5.small shapes"),
    Case("table, 20,000 rows, 5 ms", dict(modalities=["tabular"], n_rows=20000, latency_ms=5), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.start agrees, T1.table agrees, R5.small shapes"),
    Case("forecasting, CPU", dict(task="forecasting", hardware="cpu"), H, "hybrid_benchmark_both", "G1.gray decides, R5.modest shapes"),
    Case("table, 20,000 rows, CPU", dict(modalities=["tabular"], n_rows=20000, hardware="cpu"), C, "gradient_boosted_trees_or_forest", "W1.small decides, R1.start agrees, T1.table agrees, R5.modest shapes"),
    Case("clustering a table, trees exhausted", dict(task="clustering", modalities=["tabular"], trees_exhausted=True), C, "unsupervised", "P1.clustering shapes, P2.clusters decides"),
    Case("classes of series, drawn as images", dict(task="time_series_classification", modalities=["image"]), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("generation of rows, explainability required", dict(task="generation", modalities=["tabular"], n_rows=20000, explainability="required"), C, "regularised_classical", "R4.stated decides, P2.synthetic overridden", "R4 over P2: what practitioners do never"),
    Case("generation of rows, explainability required, 400 rows", dict(task="generation", modalities=["tabular"], n_rows=400, explainability="required"), C, "regularised_classical", "R4.stated decides, R3.table shapes, P2.synthetic overridden", "R4 over P2: what practitioners do never"),
    Case("generation of rows, hard limit", dict(task="generation", modalities=["tabular"], budget="hard_limit"), C, "regularised_classical", "R5.hard decides, P2.synthetic overridden", "R5 over P2: what practitioners do never"),
    Case("generation of rows, trees exhausted", dict(task="generation", modalities=["tabular"], n_rows=200000, trees_exhausted=True), H, "hybrid_benchmark_both", "P2.synthetic decides"),
    Case("generation of 600,000 rows", dict(task="generation", modalities=["tabular"], n_rows=600000), H, "hybrid_benchmark_both", "P2.synthetic decides"),
    Case("generation of series", dict(task="generation", modalities=["time_series"]), H, "hybrid_benchmark_both", "P2.synthetic decides"),
    Case("generation of graphs, features infeasible", dict(task="generation", modalities=["graph"], feature_engineering="infeasible"), D, "generative_pretrained", "T2.infeasible decides, P2.synthetic overridden", "T2 over P2: what practitioners do never"),
    Case("generation of series, medical diagnosis", dict(task="generation", modalities=["time_series"], domain="medical_diagnosis"), H, "hybrid_benchmark_both", "P2.synthetic decides, R4.assumed overridden", "P2 over R4: an assumption must not"),
    Case("anomalies in images, one class labelled", dict(task="anomaly_detection", modalities=["image"], n_labelled=3000, n_classes=1), D, "pretrained_without_labels", "R2.raw decides, P1.novelty shapes"),
    Case("anomalies in images, two classes labelled", dict(task="anomaly_detection", modalities=["image"], n_labelled=3000, n_classes=2), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("anomalies in images, one class, 500 labelled", dict(task="anomaly_detection", modalities=["image"], n_labelled=500, n_classes=1), D, "pretrained_without_labels", "R2.raw decides, R3.few shapes, P1.novelty shapes"),
    Case("anomalies in images, one class, required", dict(task="anomaly_detection", modalities=["image"], n_labelled=3000, n_classes=1, explainability="required"), C, "unsupervised", "R4.stated decides, R2.raw overridden, P1.novelty shapes", "R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("anomalies in a table, one class labelled", dict(task="anomaly_detection", modalities=["tabular"], n_labelled=3000, n_classes=1), C, "unsupervised", "P1.novelty shapes, P2.novelty decides"),
    Case("anomalies in a table, one class, required", dict(task="anomaly_detection", modalities=["tabular"], n_labelled=3000, n_classes=1, explainability="required"), C, "unsupervised", "R4.stated decides, P1.novelty shapes, P2.novelty agrees"),
    Case("anomalies in a table, two classes labelled", dict(task="anomaly_detection", modalities=["tabular"], n_labelled=3000, n_classes=2), C, "gradient_boosted_trees_or_forest", "F1.labelled decides"),
    Case("anomalies in series, one class labelled", dict(task="anomaly_detection", modalities=["time_series"], n_labelled=3000, n_classes=1), C, "unsupervised", "P1.novelty shapes, P2.novelty decides"),
    Case("anomalies in series, one class, features infeasible", dict(task="anomaly_detection", modalities=["time_series"], n_labelled=3000, n_classes=1, feature_engineering="infeasible"), D, "pretrained_without_labels", "T2.infeasible decides, P1.novelty shapes, P2.novelty overridden", "T2 over P2: what practitioners do never"),
    Case("anomalies in a table with images, one class", dict(task="anomaly_detection", modalities=["tabular", "image"], n_labelled=3000, n_classes=1), H, "unsupervised", "M1.mixed decides, R2.raw overridden, P1.novelty shapes", "M1 over R2: the specific beats the"),
    Case("anomalies, one class, modalities unknown, tight, lending", dict(task="anomaly_detection", n_labelled=3000, n_classes=1, budget="tight", domain="lending"), C, "unsupervised", "R5.tight shapes, P1.novelty shapes, R4.assumed decides"),
    Case("detection, 999 labelled", dict(task="detection", modalities=["image"], n_labelled=999), D, "fine_tune_pretrained", "D1.objects decides, R2.raw agrees, R3.dense shapes"),
    Case("detection, 1,000 labelled", dict(task="detection", modalities=["image"], n_labelled=1000), D, "fine_tune_pretrained", "D1.objects decides, R2.raw agrees"),
    Case("segmentation, 200 labelled, tight", dict(task="segmentation", modalities=["image"], n_labelled=200, budget="tight"), D, "small_pretrained", "D1.objects decides, R2.raw agrees, R3.dense shapes, R5.tight shapes"),
    Case("segmentation, 200 labelled, required", dict(task="segmentation", modalities=["image"], n_labelled=200, explainability="required"), C, "interpretable_classical", "R4.stated decides, D1.objects overridden, R2.raw overridden, R3.dense shapes", "R4 over D1: what is imposed from; R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("segmentation, 200 labelled, hard limit", dict(task="segmentation", modalities=["image"], n_labelled=200, budget="hard_limit"), C, "regularised_classical", "R5.hard decides, D1.objects overridden, R2.raw overridden, R3.dense shapes", "R5 over D1: what is imposed from; R5 over R2: what is imposed from", contested=True, runner_up=D),
    Case("segmentation, 200 labelled, lending, modalities unknown", dict(task="segmentation", n_labelled=200, domain="lending"), D, "fine_tune_pretrained", "D1.objects decides, R3.dense shapes, R4.assumed overridden", "D1 over R4: the specific beats the"),
    Case("segmentation of a table, 200 labelled", dict(task="segmentation", modalities=["tabular"], n_labelled=200), I, "none", "R3.table shapes"),
    Case("text with images, 20,000 labelled", dict(modalities=["text", "image"], n_labelled=20000), D, "fine_tune_pretrained", "R2.raw decides"),
    Case("audio, 500 labelled", dict(modalities=["audio"], n_labelled=500), D, "transfer_learning_frozen_backbone", "R2.raw decides, R3.few shapes"),
    Case("clustering a graph, lending", dict(task="clustering", modalities=["graph"], domain="lending"), C, "unsupervised", "P1.clustering shapes, P2.clusters decides, R4.assumed agrees"),
    Case("lending, preferred, tight", dict(domain="lending", explainability="preferred", budget="tight"), I, "none", "R4.preferred shapes, R5.tight shapes"),
    Case("lending, tight", dict(domain="lending", budget="tight"), C, "gradient_boosted_trees_or_forest", "R5.tight shapes, R4.assumed decides"),
    Case("text, latency of a Transformer of full size", dict(modalities=["text"], n_labelled=20000, latency_ms=at("transformer_base")), D, "fine_tune_pretrained", "R2.text decides"),
    Case("text, latency just under that", dict(modalities=["text"], n_labelled=20000, latency_ms=under("transformer_base")), D, "small_pretrained", "R2.text decides, R5.words shapes"),
    Case("text, latency just under that, lending", dict(modalities=["text"], n_labelled=20000, latency_ms=under("transformer_base"), domain="lending"), D, "small_pretrained", "R2.text decides, R5.words shapes, R4.assumed overridden", "R2 over R4: an assumption must not"),
    Case("table with text, latency of a ResNet-50", dict(modalities=["tabular", "text"], latency_ms=at("resnet_50")), H, "hybrid_benchmark_both", "M1.mixed decides, R2.raw overridden, R5.words shapes", "M1 over R2: the specific beats the"),
    Case("generation of text, latency of a ResNet-50", dict(task="generation", modalities=["text"], latency_ms=at("resnet_50")), D, "small_pretrained", "R6.generate decides, R2.text agrees, R5.words shapes"),
    Case("text, latency of a ResNet-50, GPU", dict(modalities=["text"], n_labelled=20000, latency_ms=at("resnet_50"), hardware="gpu"), D, "fine_tune_pretrained", "R2.text decides"),
    Case("anomalies in text, latency of a ResNet-50", dict(task="anomaly_detection", modalities=["text"], latency_ms=at("resnet_50")), D, "pretrained_without_labels", "R2.text decides, R5.words shapes, P1.anomalies shapes"),
    Case("text, 300 labelled, latency just under a Transformer's", dict(modalities=["text"], n_labelled=300, latency_ms=under("transformer_base")), D, "transfer_learning_frozen_backbone", "R2.text decides, R3.few shapes, R5.words shapes"),
    Case("text, required, latency just under a Transformer's", dict(modalities=["text"], n_labelled=20000, explainability="required", latency_ms=under("transformer_base")), C, "interpretable_classical", "R4.stated decides, R2.text overridden, R5.words shapes", "R4 over R2: what is imposed from", contested=True, runner_up=D),
    Case("table, 600,000 rows, 400 labelled, preferred", dict(modalities=["tabular"], n_rows=600000, n_labelled=400, explainability="preferred"), C, "regularised_classical", "T1.large decides, R3.table shapes, R4.preferred shapes", contested=True, runner_up=D),
    Case("series, features infeasible, lending", dict(modalities=["time_series"], feature_engineering="infeasible", domain="lending"), D, "fine_tune_pretrained", "T2.infeasible decides, P2.structured overridden, R4.assumed overridden", "T2 over P2: what practitioners do never; T2 over R4: an assumption must not"),
    Case("detection in a table with text, 300 labelled", dict(task="detection", modalities=["tabular", "text"], n_labelled=300), H, "hybrid_benchmark_both", "M1.mixed decides, R2.raw overridden, R3.dense shapes", "M1 over R2: the specific beats the"),
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
