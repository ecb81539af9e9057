from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guide.errors import FactError
from profiler import Details, Disagreement, Profile, merge
from tests.profiler.files import csv, images, iris, look

IRIS = look(iris().write_csv().encode(), "species")


def profiled(**facts: object) -> Profile:
    because = {name: f"the file says {name}" for name in facts}
    return Profile(facts, because, Details("csv", 1))


def test_profiled_facts_fill_the_rest() -> None:
    merged = merge({"domain": "lending", "budget": None}, IRIS)
    assert merged.facts == {"domain": "lending", **IRIS.facts}
    assert merged.provenance == {"domain": "declared", **dict.fromkeys(IRIS.facts, "profiled")}
    assert merged.disagreements == ()


def test_declared_facts_win_and_the_file_objects() -> None:
    merged = merge({"n_rows": 20_000, "clean": False, "n_labelled": 150}, IRIS)
    assert merged.facts["n_rows"] == 20_000
    assert merged.facts["clean"] is False
    assert merged.provenance["n_rows"] == "declared"
    rows, clean = merged.disagreements
    assert rows == Disagreement("n_rows", 20_000, 150, "the file holds 150 rows")
    assert (clean.fact, clean.profiled) == ("clean", True)


@pytest.mark.parametrize(
    ("declared", "profile_of", "differ"),
    [
        (["text", "tabular"], ["tabular", "text"], False),
        (("tabular",), ["tabular"], False),
        (["tabular"], ["tabular", "text"], True),
        ([], ["tabular"], True),
        ("tabular", ["tabular"], True),
    ],
)
def test_modalities_have_no_order(declared: Any, profile_of: list[str], differ: bool) -> None:
    merged = merge({"modalities": declared}, profiled(modalities=profile_of))
    assert bool(merged.disagreements) is differ
    assert merged.facts["modalities"] == declared


@pytest.mark.parametrize(
    ("task", "differ"),
    [("classification", False), ("regression", True), ("forecasting", False)],
)
def test_a_target_contradicts_only_its_own_tasks(task: str, differ: bool) -> None:
    assert bool(merge({"task": task}, IRIS).disagreements) is differ


def test_more_labels_than_declared_rows() -> None:
    merged = merge({"n_rows": 100}, IRIS)
    assert "n_labelled" not in merged.facts
    assert "n_labelled" not in merged.provenance
    assert [d.fact for d in merged.disagreements] == ["n_rows", "n_labelled"]
    assert merged.disagreements[1].declared is None
    assert "more than the declared n_rows of 100; left out" in merged.disagreements[1].because


def test_fewer_rows_than_declared_labels() -> None:
    merged = merge({"n_labelled": 200}, IRIS)
    assert "n_rows" not in merged.facts
    assert merged.facts["n_labelled"] == 200
    assert [d.fact for d in merged.disagreements] == ["n_labelled", "n_rows"]


def test_declared_facts_that_contradict_each_other() -> None:
    with pytest.raises(FactError, match="n_labelled is 5 but n_rows is 4") as caught:
        merge({"n_labelled": 5, "n_rows": 4}, IRIS)
    assert caught.value.loc == ("n_labelled",)


def test_a_sample_scales_what_was_counted_in_it() -> None:
    merged = merge({"n_rows": 300_000}, profiled(n_rows=1000, n_labelled=333))
    assert merged.facts["n_labelled"] == 99_900
    assert merged.provenance["n_labelled"] == "scaled"
    assert merged.because["n_labelled"] == (
        "the file says n_labelled, scaled from the 1,000 rows of the file to the declared 300,000"
    )
    assert [d.fact for d in merged.disagreements] == ["n_rows"]


def test_what_is_declared_is_not_scaled() -> None:
    merged = merge({"n_rows": 300_000, "n_labelled": 5}, profiled(n_rows=1000, n_labelled=333))
    assert (merged.facts["n_labelled"], merged.provenance["n_labelled"]) == (5, "declared")
    assert merge({}, IRIS).provenance["n_labelled"] == "profiled"
    assert merge({"n_rows": 150}, IRIS).facts["n_labelled"] == 150


def test_a_question_is_open_until_it_is_answered() -> None:
    series = look(csv("when,y", *(f"2024-01-{i + 1:02},{i * 1.7:.1f}" for i in range(28))), "y")
    assert [question.fact for question in merge({}, series).undecided] == ["task"]
    answered = merge({"task": "forecasting"}, series)
    assert answered.undecided == ()
    assert answered.facts["task"] == "forecasting"
    assert answered.disagreements == ()


def test_clean_is_a_fact_of_tables() -> None:
    assert "clean" not in merge({"modalities": ["image"]}, IRIS).facts
    assert merge({"modalities": ["image"], "clean": True}, IRIS).facts["clean"] is True
    assert merge({}, look(images("a/1.png"))).facts == {"modalities": ["image"], "n_rows": 1}


counts = st.none() | st.integers(0, 5)


@given(counts, counts, counts, counts)
def test_labelled_rows_are_rows(
    rows: int | None, labelled: int | None, seen_rows: int | None, seen_labelled: int | None
) -> None:
    seen = {"n_rows": seen_rows, "n_labelled": seen_labelled}
    profile = profiled(**{fact: n for fact, n in seen.items() if n is not None})
    declared = {"n_rows": rows, "n_labelled": labelled}
    if rows is not None and labelled is not None and labelled > rows:
        with pytest.raises(FactError):
            merge(declared, profile)
        return
    if seen_rows is not None and seen_labelled is not None and seen_labelled > seen_rows:
        return  # no profile says so
    facts: Any = merge(declared, profile).facts
    assert facts.get("n_labelled", 0) <= facts.get("n_rows", 10)
    stated = {fact: n for fact, n in declared.items() if n is not None}
    assert stated.items() <= facts.items()
