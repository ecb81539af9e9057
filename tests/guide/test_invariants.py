"""What holds at every point of the bucketed space of facts, by enumeration."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import combinations, islice, product
from typing import Any

import pytest

from guide.analysis import CIRCUMSTANCES, EVERYTHING, Analyst, Flip
from guide.engine import Engine
from guide.facts import NAMES, Facts, parse_facts
from guide.recommend import Adviser, adviser
from guide.rules import Ruleset, parse_rules, ruleset
from guide.space import FactMask, bits, consistent
from guide.tables import library

pytestmark = pytest.mark.usefixtures("untraced")

ENGINE = Engine(ruleset(), memory=None)
SPACE = ENGINE.space
TASK, EXPLAINABILITY = NAMES.index("task"), NAMES.index("explainability")


@cache
def verdicts() -> dict[FactMask, str]:
    """The verdict at every point of the space."""
    return {masks: ENGINE.resolve(masks).verdict for masks in SPACE.fact_masks()}


def single(fact: int, value: object) -> int:
    """The mask of the bucket of a value."""
    masks = SPACE.fact_mask(Facts.model_validate({NAMES[fact]: value}))
    return masks[fact]


def test_the_space(capsys: pytest.CaptureFixture[str]) -> None:
    """Its size, and that nothing in it is left without a verdict."""
    found = verdicts()
    counts = {v: list(found.values()).count(v) for v in sorted(set(found.values()))}
    with capsys.disabled():
        print(f"\n  {len(found):,} points of facts: {counts}")  # noqa: T201
    expected = 19  # pairs of counts, four ranges each or unknown, that do not contradict
    for name in NAMES:
        if not name.startswith("n_"):
            expected *= len(SPACE.buckets[name]) + 1
    assert len(found) == expected
    assert set(counts) == {
        "classical_ml", "deep_learning", "hybrid", "insufficient_information",
    }  # fmt: skip


def test_generation_is_always_deep_learning() -> None:
    generation = single(TASK, "generation")
    found = {v for masks, v in verdicts().items() if masks[TASK] == generation}
    assert found == {"deep_learning"}


def test_a_stated_need_for_explanation_is_met_wherever_it_can_be() -> None:
    generation, required = single(TASK, "generation"), single(EXPLAINABILITY, "required")
    found = {
        verdict
        for masks, verdict in verdicts().items()
        if masks[EXPLAINABILITY] == required and masks[TASK] != generation
    }
    assert found == {"classical_ml"}


def test_a_known_modality_always_decides() -> None:
    modalities = NAMES.index("modalities")
    unknown = SPACE.unknown[modalities]
    undecided = [p for p, v in verdicts().items() if v == "insufficient_information"]
    assert {masks[modalities] for masks in undecided} == {unknown}


def test_one_clause_decides_and_every_loser_has_a_conflict() -> None:
    for masks in SPACE.fact_masks():
        resolution = ENGINE.resolve(masks)
        effects = list(resolution.effects.values())
        decided = resolution.verdict != "insufficient_information"
        assert effects.count("decides") == decided
        assert effects.count("overridden") == len(resolution.conflicts)
        assert (resolution.runner_up is not None) == resolution.contested
        assert resolution.runner_up != resolution.verdict
        assert ENGINE.outcome(masks).strategy != "none" or not decided


def moved(masks: FactMask, facts: tuple[int, ...]) -> Iterator[FactMask]:
    """Every consistent point with all of these facts set to another bucket."""
    choices = [[b for b in bits(SPACE.unknown[f]) if b != masks[f]] for f in facts]
    for chosen in product(*choices):
        changed = list(masks)
        for fact, mask in zip(facts, chosen, strict=True):
            changed[fact] = mask
        if consistent(changed):
            yield tuple(changed)


def brute(masks: FactMask, facts: tuple[int, ...], largest: int) -> tuple[int, set[str]]:
    """The size of the smallest flip and the verdicts it leads to, by trying everything."""
    found = verdicts()
    for size in range(1, largest + 1):
        reached = {
            found[other]
            for chosen in combinations(facts, size)
            for other in moved(masks, chosen)
            if found[other] != found[masks]
        }
        if reached:
            return size, reached
    return 0, set()


def landed(masks: FactMask, flip: Flip) -> FactMask:
    changed = list(masks)
    for move in flip.moves:
        changed[move.fact] = 1 << move.bucket
    return tuple(changed)


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_every_counterfactual_flips_at_every_point(step: int) -> None:
    """And all are of one size, the smallest: no point has a flip of one fact that is missed.

    One point in seven is enough to meet every combination of the states of any three facts.
    """
    analyst, found = Analyst(ENGINE), verdicts()
    for masks, verdict in islice(found.items(), 0, None, step):
        flips = analyst.flips(masks, EVERYTHING)
        assert {len(flip.moves) for flip in flips} == {1}
        for flip in flips:
            assert found[landed(masks, flip)] == flip.outcome.verdict != verdict


@pytest.mark.parametrize("seed", range(4))
def test_no_smaller_change_of_circumstances_flips(seed: int) -> None:
    """Against trying every change of up to four facts."""
    analyst = Analyst(ENGINE)
    for masks in random.Random(seed).sample(list(verdicts()), 100):
        flips = analyst.flips(masks, CIRCUMSTANCES)
        size, reached = brute(masks, CIRCUMSTANCES, largest=len(flips[0].moves) if flips else 4)
        assert {len(flip.moves) for flip in flips} == ({size} if size else set())
        assert {flip.outcome.verdict for flip in flips} == reached


def test_possible_verdicts_are_those_of_the_completions() -> None:
    """Against trying every completion of all unknown facts."""
    analyst, found = Analyst(ENGINE), verdicts()
    for masks in random.Random(5).sample(list(found), 300):
        choices = [list(bits(mask)) for mask in masks]
        every = {found[p] for p in product(*choices) if consistent(p)}
        assert analyst.verdicts(masks) == every


def without(fact: str) -> Ruleset:
    """The rules without whatever reads a fact."""
    data = ruleset().document.model_dump(mode="json", by_alias=True)
    for rule in data["rules"]:
        rule["clauses"] = [
            clause
            for clause in rule["clauses"]
            if fact not in clause["when"] and not any(fact in u for u in clause["unless"])
        ]
    data["rules"] = [rule for rule in data["rules"] if rule["clauses"]]
    left = {f"{r['id']}.{c['id']}" for r in data["rules"] for c in r["clauses"]}
    for selection in data["strategies"]:
        named = bool(selection["fired"])
        selection["fired"] = [name for name in selection["fired"] if name in left]
        if named and not selection["fired"]:
            selection["verdict"] = None
        if fact in selection["when"]:
            selection["verdict"] = None
    data["strategies"] = [s for s in data["strategies"] if s["verdict"]]
    return parse_rules(data)


VALUES = {
    "feature_engineering": "infeasible",
    "trees_exhausted": True,
    "clean": False,
    "domain": "lending",
    "budget": "tight",
    "explainability": "preferred",
}


@pytest.mark.parametrize("fact", VALUES)
def test_a_fact_that_no_rule_reads_changes_nothing_but_the_id(fact: str) -> None:
    """With every rule gone that reads the fact; the tables beside the rules do not read it."""
    tables = library()
    quiet = Adviser(
        without(fact), type(tables)(**{**vars(tables), "candidates": (), "cautions": ()})
    )
    requests: list[dict[str, Any]] = [
        {"modalities": ["image"], "n_labelled": 500, "task": "classification"},
        {"modalities": ["tabular"], "n_rows": 20_000},
        {"modalities": ["tabular", "text"], "task": "forecasting"},
        {"n_rows": 700_000},
    ]
    for request in requests:
        plain = quiet.recommend(parse_facts(request)).model_dump()
        added = quiet.recommend(parse_facts({**request, fact: VALUES[fact]})).model_dump()
        assert plain.pop("decision_id") != added.pop("decision_id")
        assert plain == added


def test_the_order_of_fields_changes_nothing_at_all() -> None:
    facts = {
        "modalities": ["text", "tabular"], "task": "classification", "n_rows": 5000,
        "n_labelled": 400, "explainability": "preferred", "domain": "legal", "budget": "tight",
        "clean": False, "trees_exhausted": True, "feature_engineering": "feasible",
    }  # fmt: skip
    first = adviser().recommend(parse_facts(facts))
    turned = {name: facts[name] for name in reversed(facts)}
    turned["modalities"] = ["tabular", "text"]
    assert adviser().recommend(parse_facts(turned)) == first
    stated_unknown = {"modalities": ["image"], "task": None}
    assert adviser().recommend(parse_facts(stated_unknown)) == adviser().recommend(
        parse_facts({"modalities": ["image"]})
    )
