"""The questions of docs/questions.md, and that the short answer is short."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from guide.facts import parse_facts
from guide.recommend import adviser
from guide.short import ShortDecision, shorten
from tests.guide.questions import QUESTIONS, Question

MEDIAN_WORDS, MOST_WORDS = 150, 230


def answered(question: Question) -> ShortDecision:
    return shorten(adviser().recommend(parse_facts(question.facts)))


def words(value: Any) -> int:
    """The words in all texts of a document."""
    if isinstance(value, dict):
        return sum(map(words, value.values()))
    if isinstance(value, list):
        return sum(map(words, value))
    return len(value.split()) if isinstance(value, str) else 0


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.words)
def test_question(question: Question) -> None:
    decision = answered(question)
    first = decision.candidates[0].name if decision.candidates else None
    assert (decision.verdict, decision.strategy, first) == (
        question.verdict, question.strategy, question.first,
    )  # fmt: skip
    assert question.why


def test_each_is_asked_once() -> None:
    assert len(QUESTIONS) == len({q.words for q in QUESTIONS}) >= 40


def test_the_short_answer_is_short() -> None:
    counts = [words(answered(q).model_dump(mode="json")) for q in QUESTIONS]
    assert statistics.median(counts) <= MEDIAN_WORDS
    assert max(counts) <= MOST_WORDS


def test_the_guide_is_silent_aloud() -> None:
    """Every question that its rules do not cover is told so, with what practitioners do."""
    silent = [q for q in QUESTIONS if "silent" in q.why]
    assert len(silent) >= 8
    for question in silent:
        decision = answered(question)
        assert decision.guide_gap is not None
        assert "does not speak of" in decision.guide_gap
        assert decision.bears_on_it[0].startswith("practitioners ")


def test_a_small_cnn_is_not_refused_for_five_milliseconds() -> None:
    (digits,) = [q for q in QUESTIONS if "handwritten digits" in q.words]
    told = answered(digits).bears_on_it[0]
    assert "was measured at" in told
    assert told.endswith("within the 5 ms stated")


def test_a_bound_that_nothing_keeps_is_not_met() -> None:
    facts = {"modalities": ["tabular"], "n_rows": 20_000, "latency_ms": 0.001}
    decision = adviser().recommend(parse_facts(facts))
    assert [need.fact for need in decision.unmet] == ["latency_ms"]
    assert decision.unmet[0].why in " ".join(shorten(decision).bears_on_it)


def test_what_does_not_fit_together_is_told_so() -> None:
    facts = {"task": "segmentation", "modalities": ["tabular"], "n_rows": 30_000}
    decision = adviser().recommend(parse_facts(facts))
    assert decision.summary.startswith("No rule speaks of this task on these data. Detection and")
    assert decision.summary.endswith("state clustering, for rare rows anomaly_detection.")


def test_a_gpu_was_not_measured() -> None:
    facts = {"modalities": ["image"], "latency_ms": 0.01, "hardware": "gpu"}
    decision = shorten(adviser().recommend(parse_facts(facts)))
    assert decision.verdict == "deep_learning"
    assert any("no latency of these kinds was measured on a GPU" in b for b in decision.bears_on_it)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"rarest_class_share": 0.01, "n_labelled": 1000}, "rarest class has about 10 labelled"),
        ({"rarest_class_share": 0.01}, "rarest class has under 5%"),
        ({"n_features": 500, "n_rows": 100}, "more columns (500) than rows (100)"),
        ({"n_classes": 1}, "one class cannot be told apart"),
        ({"n_classes": 500}, "with a hundred classes or more"),
        ({"hardware": "edge"}, "measure on the device itself"),
    ],
)
def test_what_bears_on_it_is_said(facts: dict[str, Any], said: str) -> None:
    decision = adviser().recommend(parse_facts({"modalities": ["tabular"], **facts}))
    assert any(said in note for note in decision.bears_on_it)
