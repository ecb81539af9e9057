"""Would a practitioner laugh? Every combination of what shapes the candidates, judged by sense."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from guide.decision import Decision
from guide.facts import CHOICES, MODALITIES, parse_facts
from guide.recommend import adviser
from guide.short import shorten
from guide.tables import library

SETS = [None, *([m] for m in MODALITIES), *(["tabular", m] for m in ("image", "text", "graph"))]
TREES = ("xgboost", "forest", "lightgbm", "boost", "tree")
READABLE = (
    "Logistic", "scorecard", "GAM", "named", "TF-IDF", "smoothing", "Item", "template", "Linear",
    "Penalised", "lag", "Cox", "Pairwise", "Robust", "HOG", "Rules", "Thresholds", "Template",
    "Random forest on filtered pixels", "Synthetic columns", "Resampled", "block model",
)  # fmt: skip
MADE_FOR = {
    "forecasting": ("LightGBM", "PatchTST", "smoothing", "Regression on lag"),
    "recommendation": ("Item", "LightGBM", "Two-tower"),
    "log_analysis": ("log", "message"),
    "clustering": ("k-", "HDBSCAN", "Leiden", "clustered", "Rules"),
    "survival": ("Cox", "surviv", "Surviv", "label", "zero-shot", "Rules"),
    "ranking": ("LambdaMART", "rank", "Bi-encoder", "Pairwise", "label", "Rules"),
    "detection": ("YOLO", "R-CNN", "HOG", "Template", "DINO", "label", "Rules", "SSD"),
    "segmentation": ("U-Net", "pixels", "Thresholds", "Segment", "label", "Rules"),
    "time_series_classification": (
        "MiniRocket", "Named features", "named features", "InceptionTime", "MOMENT", "label",
        "Rules", "CLIP", "CLAP", "zero-shot", "TF-IDF",
    ),
}  # fmt: skip
# In no name of what needs no labels.
SUPERVISED = (
    "XGBoost", "LightGBM", "boosting", "boosted", "Random forest", "fine-tuned", "TF-IDF", "SVM",
    "ogistic", "ridge", "scorecard", "linear head", "Cox", "U-Net", "YOLO", "MiniRocket",
)  # fmt: skip
# In no name of what learns classes, and of what learns a number.
REGRESSION = ("ridge regression", "linear regression", "for a number")
CLASSIFICATION = ("logistic", "classifier", "for classes")
CLARITY = {entry.data.name: entry.data.clarity for entry in library().candidates}
OWN_LABELS = ("generation", "recommendation", "forecasting")


def decisions() -> Iterator[tuple[dict[str, Any], Decision]]:
    for modalities, task, explainability, budget, labelled in product(
        SETS,
        (None, *CHOICES["task"]),
        (None, "required", "preferred"),
        (None, "tight", "hard_limit"),
        (None, 0, 300, 50_000),
    ):
        facts = {
            "modalities": modalities, "task": task, "explainability": explainability,
            "budget": budget, "n_labelled": labelled,
        }  # fmt: skip
        decision = adviser().recommend(parse_facts(facts))
        if decision.verdict != "insufficient_information":
            yield facts, decision


@pytest.mark.thorough
@pytest.mark.usefixtures("untraced")
def test_candidates_make_sense() -> None:
    seen = 0
    for facts, decision in decisions():
        seen += 1
        names = [c.name for c in decision.candidates]
        assert names, facts
        said = [
            f"{complaint}: {facts}: {names}" for complaint in complaints(facts, decision, names)
        ]
        assert not said
    assert seen > 3000


def complaints(facts: dict[str, Any], decision: Decision, names: list[str]) -> Iterator[str]:
    task, strategy = facts["task"], decision.strategy
    everything = " ".join(names)
    if task == "regression" and any(word in everything.lower() for word in CLASSIFICATION):
        yield "a classifier for a number"
    if task == "classification" and any(word in everything.lower() for word in REGRESSION):
        yield "a regression for classes"
    fits = "no images are stated" not in decision.summary
    if task == "time_series_classification" and facts["modalities"]:
        # A series that is drawn, spoken or written is met as what it is.
        fits = not set(facts["modalities"]) <= {"image", "audio", "text", "video"}
    if fits and task in MADE_FOR and not any(made in names[0] for made in MADE_FOR[task]):
        yield "a general tool before those made for the task"
    if strategy == "gradient_boosted_trees_or_forest" and not any(
        tree in everything.lower() for tree in TREES
    ):
        yield "no tree where trees are advised"
    if strategy == "interpretable_classical" and "XGBoost" in everything:
        yield "boosting where a person must read the model"
    if facts["explainability"] == "required" and decision.verdict == "classical_ml":
        if "XGBoost" in names[0]:
            yield "boosting first where explanation is required"
        if not any(word in everything for word in READABLE):
            yield "nothing readable where explanation is required"
        if any(CLARITY[name] < 3 for name in names):
            yield "something nobody can follow where explanation is required"
    cheap = facts["budget"] == "hard_limit" and decision.verdict == "classical_ml"
    if cheap and any(c.family == "deep_learning" for c in decision.candidates):
        yield "a network under a hard limit"
    if facts["n_labelled"] == 0 and task not in OWN_LABELS:
        if any(word in name for name in names for word in SUPERVISED):
            yield "something supervised where nothing is labelled"
        if "nothing is labelled yet" not in decision.summary and task not in (
            "clustering", "anomaly_detection",
        ):  # fmt: skip
            yield "no word of labels where there are none"
    if decision.summary.count(". ") != 1:
        yield "not two sentences"
    for change in shorten(decision).changes:
        if {"modalities", "task", "domain"} & set(change.change):
            yield "a change of the problem in brief"
        if change.change.get("n_labelled") == 0:
            yield "labels thrown away"
    for candidate in decision.candidates:
        if not set(candidate.rules) <= {r.id for r in decision.rules if r.status == "fired"}:
            yield "a rule that did not fire supports a candidate"
