"""Facts: what is accepted, and how each refusal names field, value and limit."""

from __future__ import annotations

from typing import Any

import pytest

from guide.errors import FactError
from guide.facts import NAMES, Facts, allowed, parse_facts

BAD: dict[str, tuple[dict[str, Any], list[Any], str]] = {
    "unknown field": ({"n_row": 1}, ["n_row"], 'field "n_row" is unknown; the facts are modal'),
    "unknown task": ({"task": "classify"}, ["task"], 'task is "classify"; it is one of classif'),
    "unknown modality": (
        {"modalities": ["image", "smell"]}, ["modalities", 1], 'modalities[1] is "smell"; it is',
    ),
    "a modality that is no text": (
        {"modalities": [["image"]]}, ["modalities", 0], "modalities[0] is an array",
    ),
    "modalities as text": (
        {"modalities": "image"}, ["modalities"], 'modalities is "image"; it is a list of',
    ),
    "no modality": ({"modalities": []}, ["modalities"], "modalities is empty; name at least one"),
    "a modality twice": (
        {"modalities": ["image", "image"]}, ["modalities"], 'modalities holds "image" twice',
    ),
    "negative": ({"n_rows": -1}, ["n_rows"], "n_rows is -1; it is an integer of at least 0"),
    "not whole": ({"n_rows": 1.5}, ["n_rows"], "n_rows is 1.5; it is an integer"),
    "a float that is whole": ({"n_rows": 2.0}, ["n_rows"], "n_rows is 2.0; it is an integer"),
    "NaN": ({"n_rows": float("nan")}, ["n_rows"], "n_rows is NaN; it is an integer"),
    "count as text": ({"n_labelled": "7"}, ["n_labelled"], 'n_labelled is "7"; it is an integer'),
    "count as boolean": ({"n_labelled": True}, ["n_labelled"], "n_labelled is true; it is an"),
    "boolean as text": ({"clean": "yes"}, ["clean"], 'clean is "yes"; it is true or false'),
    "boolean as number": ({"trees_exhausted": 1}, ["trees_exhausted"], "is 1; it is true or false"),
    "more labels than rows": (
        {"n_rows": 10, "n_labelled": 11}, ["n_labelled"],
        "n_labelled is 11 but n_rows is 10; at most n_rows can be labelled",
    ),
    "no class": ({"n_classes": 0}, ["n_classes"], "n_classes is 0; it is an integer of at least 1"),
    "no series": ({"n_series": 0}, ["n_series"], "n_series is 0; it is an integer of at least 1"),
    "no time at all": ({"latency_ms": 0}, ["latency_ms"], "latency_ms is 0; it is a number"),
    "endless time": (
        {"latency_ms": float("inf")}, ["latency_ms"], "it is a number above 0, or left out",
    ),
    "time as text": ({"latency_ms": "5"}, ["latency_ms"], 'latency_ms is "5"; it is a number'),
    "a share above one": (
        {"rarest_class_share": 1.5}, ["rarest_class_share"],
        "rarest_class_share is 1.5; it is a number above 0 and at most 1",
    ),
    "unknown hardware": ({"hardware": "abacus"}, ["hardware"], 'is "abacus"; it is one of cpu'),
    "an object": ({"domain": {}}, ["domain"], "domain is an object; it is one of medical"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_refusal_names_the_field(case: str) -> None:
    document, loc, message = BAD[case]
    with pytest.raises(FactError) as caught:
        parse_facts(document)
    assert message in str(caught.value)
    assert list(caught.value.loc) == loc


def test_null_is_unknown() -> None:
    assert parse_facts(dict.fromkeys(NAMES)) == parse_facts({}) == Facts()


def test_every_fact_says_what_it_may_be() -> None:
    assert allowed("n_rows") == "an integer of at least 0"
    assert allowed("clean") == "true or false"
    assert allowed("budget") == "one of flexible, tight or hard_limit"
    assert allowed("modalities") == (
        "a list of tabular, image, audio, text, video, time_series or graph"
    )
    assert allowed("n_features") == "an integer of at least 1"
    assert allowed("latency_ms") == "a number above 0"
    assert all(field.description for field in Facts.model_fields.values())


def test_known_is_in_the_order_of_the_schema() -> None:
    facts = parse_facts({"budget": "tight", "modalities": ["text", "tabular"]})
    assert facts.known() == {"modalities": ["tabular", "text"], "budget": "tight"}
    assert list(facts.known()) == ["modalities", "budget"]
