"""Any request that the schema accepts is answered, at once; any other names its field."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.guide import random_requests
from guide.errors import FactError
from guide.facts import CHOICES, COUNTS, INTEGERS, NAMES, parse_facts
from guide.recommend import Adviser, adviser
from guide.rules import ruleset
from guide.tables import library

SLOWEST = 0.050
MEDIAN = 0.002

CHOSEN: dict[str, st.SearchStrategy[Any]] = {
    name: st.sampled_from(values) for name, values in CHOICES.items() if name != "modalities"
}
CHOSEN |= {name: st.integers(least) for name, least in INTEGERS.items() if name not in COUNTS}
CHOSEN["rarest_class_share"] = st.floats(0, 1, exclude_min=True)
CHOSEN["latency_ms"] = st.floats(0, exclude_min=True, allow_infinity=False)
CHOSEN["modalities"] = st.lists(st.sampled_from(CHOICES["modalities"]), min_size=1, unique=True)
ACCEPTED = st.fixed_dictionaries({}, optional=CHOSEN).flatmap(
    lambda facts: st.tuples(st.none() | st.integers(0), st.none() | st.integers(0)).map(
        lambda counts: {**facts, "n_rows": counts[0], "n_labelled": bounded(*counts)}
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def bounded(rows: int | None, labelled: int | None) -> int | None:
    return labelled if rows is None or labelled is None else min(rows, labelled)


@pytest.mark.thorough
@pytest.mark.usefixtures("untraced", "frozen")
@given(ACCEPTED)
@settings(max_examples=300, deadline=None)
def test_an_accepted_request_is_answered(facts: dict[str, Any]) -> None:
    document = json.loads(adviser().recommend(parse_facts(facts)).model_dump_json())
    assert document["verdict"] in {
        "classical_ml", "deep_learning", "hybrid", "insufficient_information",
    }  # fmt: skip
    check_claims(facts, document)


@pytest.mark.slow  # where other tests run beside it, the time is not its own
@pytest.mark.usefixtures("untraced", "frozen")
@given(ACCEPTED)
@settings(max_examples=300, deadline=None)
def test_an_accepted_request_takes_under_fifty_milliseconds(facts: dict[str, Any]) -> None:
    started = time.process_time()
    adviser().recommend(parse_facts(facts)).model_dump_json()
    assert time.process_time() - started < SLOWEST


def check_claims(facts: dict[str, Any], document: dict[str, Any]) -> None:
    """What the decision says would change it does, when asked over."""
    for counterfactual in (
        *document["counterfactuals"],
        *document["counterfactuals_same_problem"],
    ):
        again = adviser().recommend(parse_facts({**facts, **counterfactual["change"]}))
        assert again.verdict == counterfactual["verdict"] != document["verdict"]
        assert again.contested == counterfactual["contested"]
    for missing in document["missing_facts"]:
        for outcome in missing["outcomes"]:
            again = adviser().recommend(parse_facts({**facts, missing["fact"]: outcome["example"]}))
            assert (again.verdict, again.strategy, again.contested) == (
                outcome["verdict"],
                outcome["strategy"],
                outcome["contested"],
            )
    flip = document["robustness"]["smallest_flip"]
    assert (flip is None) == document["robustness"]["robust"]
    if flip is not None:
        assert all(facts.get(fact) is None for fact in flip)
        again = adviser().recommend(parse_facts({**facts, **flip}))
        assert again.verdict != document["verdict"]


@given(st.dictionaries(st.sampled_from((*NAMES, "n_row", "")), JSON, max_size=4))
@settings(max_examples=300, deadline=None)
def test_a_rejected_request_names_the_field(document: dict[str, Any]) -> None:
    refused: FactError | None = None
    try:
        facts = parse_facts(document)
    except FactError as error:
        refused = error
    if refused is None:
        assert set(document) <= set(NAMES)
        assert adviser().recommend(facts).decision_id
    else:
        assert refused.loc
        assert refused.loc[0] in document
        assert str(refused.loc[0]) in str(refused)


@pytest.mark.slow  # where other tests run beside it, the processor's caches are theirs
@pytest.mark.usefixtures("untraced", "frozen")
def test_a_decision_takes_under_two_milliseconds_at_the_median() -> None:
    fresh = Adviser(ruleset(), library())
    taken = []
    for question in random_requests(400):
        started = time.process_time()
        fresh.recommend(parse_facts(question)).model_dump_json()
        taken.append(time.process_time() - started)
    assert sorted(taken)[200] < MEDIAN


def test_counts_are_named_in_order() -> None:
    """The analysis relies on it."""
    assert COUNTS == ("n_rows", "n_labelled")
