"""What is offered and said, by kinds of problems that a practitioner found answered badly."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from guide import latency
from guide.candidates import ranked
from guide.decision import Decision
from guide.facts import CHOICES, MODALITIES, parse_facts
from guide.recommend import adviser
from guide.short import shorten
from guide.tables import library

RAW = ("image", "audio", "text", "video")


def decide(**facts: Any) -> Decision:
    return adviser().recommend(parse_facts(facts))


def names(**facts: Any) -> list[str]:
    return [c.name for c in decide(**facts).candidates]


@pytest.mark.parametrize("modality", ["time_series", "graph", *RAW])
def test_an_assumed_need_for_explanation_does_not_beat_the_data(modality: str) -> None:
    for task in (None, "classification", "time_series_classification", "anomaly_detection"):
        facts: dict[str, Any] = {"modalities": [modality], "task": task, "n_labelled": 9000}
        told = decide(**facts, domain="medical_diagnosis")
        assert told.verdict == decide(**facts).verdict
        assert [c.name for c in told.candidates] == names(**facts)
        assert [a.fact for a in told.assumptions if a.rule == "R4"] == ["explainability"]


@pytest.mark.usefixtures("untraced")
def test_what_is_too_slow_comes_last() -> None:
    """And the family of the verdict still comes first."""
    for modality, labelled, bound, task in product(
        MODALITIES, (None, 300, 5000), (0.1, 1, 5, 7, 50, 60, 90, 150), (None, *CHOICES["task"])
    ):
        facts = parse_facts(
            {"modalities": [modality], "n_labelled": labelled, "latency_ms": bound, "task": task}
        )
        engine = adviser().engine
        masks = engine.space.fact_mask(facts)
        outcome = engine.outcome(masks)
        found = [e.data for e in ranked(library(), facts, outcome, engine.resolve(masks))]
        slow = [latency.exceeds(data, facts) for data in found]
        assert slow == sorted(slow), facts
        if outcome.verdict in ("classical_ml", "deep_learning"):
            assert found[0].family == outcome.verdict, facts


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_no_tool_for_images_is_offered_for_other_data(task: str) -> None:
    tools = ("YOLO", "U-Net", "nnU", "R-CNN", "HOG", "watershed", "pixels", "Segment", "Template")
    for modality, explain, labelled, features in product(
        ("tabular", "audio", "text", "time_series", "graph"),
        (None, "required"),
        (None, 0, 300),
        (None, "infeasible"),
    ):
        offered = names(
            modalities=[modality], task=task, explainability=explain, n_labelled=labelled,
            feature_engineering=features,
        )  # fmt: skip
        assert not [n for n in offered if any(tool in n for tool in tools)]


def test_a_misfit_is_not_told_what_would_decide() -> None:
    facts = parse_facts({"task": "segmentation", "modalities": ["tabular"], "n_rows": 30_000})
    assert shorten(adviser().recommend(facts)).missing_facts == []


def test_each_kind_of_data_is_embedded_by_its_own_networks() -> None:
    others = {
        "image": ("MiniLM", "CLAP"), "text": ("DINO", "CLIP", "CLAP"), "audio": ("DINO", "MiniLM"),
    }  # fmt: skip
    for modality, strange in others.items():
        for task in ("clustering", "anomaly_detection", "classification"):
            told = " ".join(names(modalities=[modality], task=task, n_labelled=0))
            assert not any(name in told for name in strange), told


@pytest.mark.parametrize("modality", RAW)
def test_a_series_that_is_no_series_is_met_as_what_it_is(modality: str) -> None:
    for labelled, explain in product((300, 20_000), (None, "required")):
        facts = {"modalities": [modality], "n_labelled": labelled, "explainability": explain}
        offered = names(**facts, task="time_series_classification")
        assert offered == names(**facts, task="classification")


@pytest.mark.parametrize("task", ["classification", "regression", None])
def test_a_table_gets_a_linear_baseline(task: str | None) -> None:
    for rows in (None, 20_000, 300_000, 40_000_000):
        offered = names(modalities=["tabular"], task=task, n_rows=rows)
        assert any("(the baseline)" in name for name in offered)
        assert ("Random forest" in offered) == (rows is None or rows < 500_000)


def test_a_tabular_foundation_model_is_offered_where_it_fits() -> None:
    facts = {"modalities": ["tabular"], "task": "classification"}

    def offered(**more: Any) -> bool:
        told = decide(**facts, **more)
        cited = "tabpfn-2025" in [e.id for e in told.evidence]
        assert cited == (more["n_rows"] <= 10_000 and more["n_features"] <= 500)
        return "TabPFN (challenger)" in [c.name for c in told.candidates]

    assert offered(n_rows=300, n_features=20)
    assert offered(n_rows=10_000, n_features=500)
    assert not offered(n_rows=10_001, n_features=20)
    assert not offered(n_rows=120, n_features=20_000)
    assert not offered(n_rows=300, n_features=20, explainability="required")


def test_the_short_answer_shows_the_other_family() -> None:
    brief = shorten(decide(modalities=["tabular"], n_rows=600_000))
    assert [c.family for c in brief.candidates][-1] == "deep_learning"
    assert len(brief.candidates) == 4
    brief = shorten(decide(modalities=["text"], n_labelled=120, task="classification"))
    assert brief.candidates[0].name.startswith("Frozen sentence encoder")
    assert brief.candidates[1].name.startswith("SetFit")
    assert brief.candidates[-1].name == "TF-IDF with a linear SVM"


@pytest.mark.parametrize("labelled", [30, 300, None, 0])
def test_normal_images_are_compared_with_wherever_labels_are_few(labelled: int | None) -> None:
    offered = names(
        modalities=["image"], task="anomaly_detection", n_rows=3000, n_labelled=labelled
    )
    assert "PatchCore" in offered[0]


def test_one_class_that_is_labelled_is_no_reason_to_fine_tune() -> None:
    facts = {"modalities": ["image"], "task": "anomaly_detection", "n_classes": 1}
    told = decide(**facts, n_labelled=3000)
    assert "PatchCore" in told.candidates[0].name
    assert "state anomaly_detection" not in " ".join(told.bears_on_it)
    assert "a few dozen" in told.practice[0]
    explained = names(**facts, n_labelled=3000, explainability="required")
    assert explained == [
        "Robust limits on named measurements of each example (sizes, counts, brightness, loudness)"
    ]


def test_few_photographs_within_a_bound_keep_a_pretrained_backbone() -> None:
    told = decide(modalities=["image"], n_labelled=400, latency_ms=50, hardware="cpu")
    assert told.strategy == "transfer_learning_frozen_backbone"
    assert told.candidates[0].name.startswith("MobileNetV3")
    assert not any("from scratch" in c.name for c in told.candidates)
    (dino,) = [c for c in told.candidates if c.name.startswith("DINOv2")]
    assert "a picture of 224x224 is more tokens" in " ".join(dino.caveats)


def test_a_generator_of_rows_is_compared_with_a_classical_one() -> None:
    told = decide(modalities=["tabular"], task="generation", n_rows=10_000)
    assert [c.family for c in told.candidates] == ["classical_ml", "classical_ml", "deep_learning"]
    assert told.guide_gap is not None
    assert "does not speak of synthetic rows" in told.guide_gap
    assert "settle privacy first" in told.practice[0]
    readable = names(modalities=["tabular"], task="generation", explainability="required")
    assert readable == [c.name for c in told.candidates][:2]
    mixed = decide(modalities=["tabular", "image"], task="generation")
    assert mixed.verdict == "deep_learning"


SAID: list[tuple[dict[str, Any], str]] = [
    ({"domain": "medical_diagnosis", "modalities": ["image"]}, "take weights pretrained on images"),
    ({"domain": "medical_diagnosis", "modalities": ["time_series"]}, "split by patient, and test"),
    ({"modalities": ["image"], "explainability": "required"}, "a concept bottleneck"),
    ({"modalities": ["text"], "latency_ms": 5}, "int8 weights or static embeddings"),
    ({"modalities": ["tabular"], "task": "survival"}, "count the events rather than the rows"),
    (
        {"modalities": ["graph"], "task": "classification", "n_rows": 200_000, "n_labelled": 4000},
        "only 4,000 of 200,000 examples are labelled",
    ),
    (
        {"modalities": ["tabular"], "task": "classification", "n_labelled": 20_000},
        "fix a cut-off date",
    ),
    ({"modalities": ["tabular"], "rarest_class_share": 0.01}, "stratify the split where it is not"),
    ({"modalities": ["image"], "task": "segmentation"}, "never by frame or slice"),
    ({"modalities": ["tabular"], "n_features": 5000}, "with a thousand columns or more"),
]


@pytest.mark.parametrize(("facts", "said"), SAID)
def test_notes(facts: dict[str, Any], said: str) -> None:
    assert said in " ".join(decide(**facts).bears_on_it)


UNSAID: list[tuple[dict[str, Any], str]] = [
    # Two notes that would contradict each other, or say one thing twice.
    ({"modalities": ["graph"], "rarest_class_share": 0.01}, "stratify"),
    ({"modalities": ["tabular"], "n_features": 5000, "n_rows": 100}, "thousand columns"),
    ({"modalities": ["image"], "task": "segmentation", "domain": "medical_diagnosis"}, "slice"),
    ({"modalities": ["text"], "latency_ms": 5, "hardware": "gpu"}, "int8"),
    ({"modalities": ["text"], "task": "classification", "n_rows": 300, "n_labelled": 200}, "only"),
    ({"modalities": ["text"], "task": "generation", "domain": "medical_diagnosis"}, "hospital"),
    (
        {
            "modalities": ["text"],
            "task": "classification",
            "n_rows": 100_000,
            "n_labelled": 200,
            "n_classes": 7,
        },
        "negatives",
    ),
]


@pytest.mark.parametrize(("facts", "unsaid"), UNSAID)
def test_notes_that_do_not_apply(facts: dict[str, Any], unsaid: str) -> None:
    assert unsaid not in " ".join(decide(**facts).bears_on_it)


def test_a_linear_model_on_words_is_called_that() -> None:
    told = decide(modalities=["text"], n_labelled=50_000, latency_ms=5, hardware="cpu")
    assert told.summary.startswith("Use a linear model on words")
    assert "not quantised" in told.summary


def test_few_photographs_within_the_tightest_bound_are_borrowed_by_distilling() -> None:
    told = decide(modalities=["image"], n_labelled=400, latency_ms=5, hardware="edge")
    assert told.strategy == "transfer_learning_frozen_backbone"
    assert "distilled from a pretrained network" in told.candidates[0].name


def test_an_assumed_need_for_explanation_is_told_with_what_comes_first() -> None:
    told = decide(modalities=["tabular"], task="classification", n_rows=50_000, domain="lending")
    assert told.summary.startswith("Start with a classical model in a form that people can read")
    assert told.candidates[0].name.startswith("Explainable boosting machine")


def test_a_number_from_few_texts_is_fitted_before_a_model_is_prompted() -> None:
    offered = names(modalities=["text"], task="regression", n_labelled=300)
    assert offered[0] == "Sentence embeddings with ridge regression"


WORDS: list[tuple[dict[str, Any], str]] = [
    ({"modalities": ["tabular", "text"]}, "Fuse the columns and the raw data in one model"),
    (
        {"modalities": ["tabular"], "n_labelled": 300},
        "; fewer than 1,000 labels carry few weights (R3)",
    ),
    ({"modalities": ["image"], "n_labelled": 300}, "must be borrowed rather than trained (R3)"),
    (
        {"modalities": ["image"], "n_labelled": 300, "explainability": "required"},
        "; fewer than 1,000 labels carry few weights (R3)",
    ),
    (
        {"modalities": ["image"], "n_labelled": 300, "task": "segmentation"},
        "Train a network made for boxes or masks",
    ),
    (
        {"modalities": ["image"], "n_labelled": 300, "task": "detection", "hardware": "edge"},
        "Take a small network made for boxes or masks",
    ),
    (
        {"modalities": ["image"], "task": "detection", "budget": "hard_limit"},
        "Use filters and features made by hand",
    ),
    ({"modalities": ["audio"], "n_labelled": 6000}, "Take a network pretrained on like sounds"),
    ({"modalities": ["tabular"], "task": "generation"}, "Fit a classical generator first"),
    (
        {"modalities": ["graph"], "task": "generation", "budget": "hard_limit"},
        "Fit a classical gen",
    ),
    (
        {"modalities": ["tabular"], "trees_exhausted": True},
        "lags and windows where rows are readings",
    ),
    ({"hardware": "edge", "modalities": ["image"]}, "it runs on a CPU or a small device"),
]


@pytest.mark.parametrize(("facts", "words"), WORDS)
def test_the_summary_says_what_to_do(facts: dict[str, Any], words: str) -> None:
    assert words in decide(**facts).summary
