"""What holds at every point of the bucketed space of facts.

The space has hundreds of millions of points. `regions` cuts it into parts in which no clause that
narrows the verdict can tell points apart, so that what holds of each region holds at every point;
that the regions fill the space and have one verdict each is tested. What is not a matter of the
verdict alone is tested at every request of at most two facts, and at random points.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import combinations, product
from math import prod
from typing import Any, NamedTuple

import pytest

from guide.analysis import CIRCUMSTANCES, EVERYTHING, Analyst
from guide.engine import Engine
from guide.facts import COUNTS, NAMES, Facts, parse_facts
from guide.recommend import Adviser, adviser
from guide.resolution import CompiledClause
from guide.rules import FAMILIES, Ruleset, parse_rules, ruleset
from guide.search import Flip
from guide.space import FactMask, bits, consistent, ordered
from guide.tables import library

pytestmark = pytest.mark.usefixtures("untraced")

ENGINE = Engine(ruleset(), memory=None)
SPACE = ENGINE.space
TASK, EXPLAINABILITY, MODALITIES = map(NAMES.index, ("task", "explainability", "modalities"))
ROWS, LABELLED = map(NAMES.index, COUNTS)
UNDECIDED = "insufficient_information"
# The masks of modalities that hold no images, audio, text or video.
STRUCTURED = {
    1 << index
    for index, bucket in enumerate(SPACE.buckets["modalities"])
    if set(bucket.probe) <= {"tabular", "time_series", "graph"}
}

# Of each fact, or both counts, the masks that it may have: one bucket, or all where it is unknown.
Point = tuple[int, ...]
Choices = dict[tuple[int, ...], tuple[Point, ...]]


class Region(NamedTuple):
    """Points that no clause can tell apart that narrows the verdict."""

    choices: Choices
    verdict: str

    @property
    def size(self) -> int:
        return prod(map(len, self.choices.values()))

    def values(self, fact: int) -> set[int]:
        """The masks of a fact other than a count."""
        return {masks[0] for masks in self.choices[(fact,)]}

    def draw(self, rng: random.Random) -> FactMask:
        """One of the points."""
        masks = list(SPACE.unknown)
        for facts, choices in self.choices.items():
            for fact, mask in zip(facts, rng.choice(choices), strict=True):
                masks[fact] = mask
        return tuple(masks)


def whole() -> Choices:
    """The whole space."""
    each = [tuple(dict.fromkeys((*bits(mask), mask))) for mask in SPACE.unknown]
    pairs = [
        pair
        for pair in product(each[ROWS], each[LABELLED])
        if consistent(tuple(with_counts(SPACE.unknown, pair)))
    ]
    choices: Choices = {(ROWS, LABELLED): tuple(pairs)}
    for fact, masks in enumerate(each):
        if fact not in (ROWS, LABELLED):
            choices[(fact,)] = tuple((mask,) for mask in masks)
    return choices


def with_counts(masks: FactMask, pair: Point) -> list[int]:
    changed = list(masks)
    changed[ROWS], changed[LABELLED] = pair
    return changed


def true(fact: int, mask: int, masks: Point, unless: bool) -> bool:
    """Whether a condition surely holds; as an `unless`, an unknown fact never does."""
    value = masks[0]
    if fact in (ROWS, LABELLED):
        value = ordered(with_counts(SPACE.unknown, masks))[fact]
    return not value & ~mask and not (unless and value == SPACE.unknown[fact])


def split(choices: Choices, fact: int, mask: int, unless: bool) -> tuple[Choices, Choices]:
    """The part in which a condition holds, and the other."""
    facts = (ROWS, LABELLED) if fact in (ROWS, LABELLED) else (fact,)
    met = tuple(p for p in choices[facts] if true(fact, mask, p, unless))
    rest = tuple(p for p in choices[facts] if p not in met)
    return {**choices, facts: met}, {**choices, facts: rest}


def firing(clause: CompiledClause, choices: Choices) -> Iterator[tuple[Choices, bool]]:
    """The parts in which a clause fires by its own conditions, and those in which it does not."""
    tests = [(f, m, False) for f, m in clause.when] + [(f, m, True) for f, m in clause.unless]
    for fact, mask, unless in tests:
        met, rest = split(choices, fact, mask, unless)
        choices, other = (rest, met) if unless else (met, rest)
        if all(other.values()):
            yield other, False
        if not all(choices.values()):
            return
    yield choices, True


def regions() -> list[Region]:
    """The whole space, cut by each clause in order of rank until one family is left."""
    return _regions()


@cache
def _regions() -> list[Region]:
    clauses = sorted(ENGINE.clauses, key=lambda c: c.rank)
    found: list[Region] = []
    cut(clauses, 0, whole(), frozenset(FAMILIES), found)
    return found


def cut(
    clauses: list[CompiledClause], step: int, choices: Choices, left: frozenset[str],
    found: list[Region],
) -> None:  # fmt: skip
    narrowing = [c for c in clauses[step:] if set(c.data.families) != set(FAMILIES)]
    if len(left) == 1 or not narrowing:
        found.append(Region(choices, next(iter(left)) if len(left) == 1 else UNDECIDED))
        return
    clause = narrowing[0]
    step = clauses.index(clause) + 1
    for part, fires in chain(ENGINE.before(clause), clause, choices):
        admitted = left & frozenset(clause.data.families) if fires else left
        cut(clauses, step, part, admitted or left, found)


def chain(
    before: tuple[CompiledClause, ...], clause: CompiledClause, choices: Choices
) -> Iterator[tuple[Choices, bool]]:
    """The same, where a clause fires only if none before it in its rule does."""
    for part, fires in firing(clause, choices):
        if not fires or not before:
            yield part, fires
            continue
        for inner, earlier in firing(before[0], part):
            if earlier:
                yield inner, False
            else:
                yield from chain(before[1:], clause, inner)


def single(fact: int, value: object) -> int:
    """The mask of the bucket of a value."""
    masks = SPACE.fact_mask(Facts.model_validate({NAMES[fact]: value}))
    return masks[fact]


def random_points(count: int, seed: int, stated: float = 0.5) -> Iterator[FactMask]:
    """Points at which each fact is stated with this probability."""
    rng = random.Random(seed)
    while count:
        masks = tuple(
            rng.choice(list(bits(mask))) if rng.random() < stated else mask
            for mask in SPACE.unknown
        )
        if consistent(masks):
            count -= 1
            yield masks


def small_requests(most: int) -> Iterator[FactMask]:
    """Every point at which at most so many facts are stated."""
    for size in range(most + 1):
        for facts in combinations(range(len(NAMES)), size):
            yield from SPACE.completions(SPACE.unknown, facts)


def test_the_space(capsys: pytest.CaptureFixture[str]) -> None:
    """The regions fill it without overlap, and each has the verdict that its points have."""
    found, rng = regions(), random.Random(0)
    counts = {v: sum(r.size for r in found if r.verdict == v) for v in (*FAMILIES, UNDECIDED)}
    with capsys.disabled():
        print(f"\n  {sum(counts.values()):,} points, {len(found):,} regions: {counts}")  # noqa: T201
    assert sum(counts.values()) == prod(map(len, whole().values()))
    assert all(counts.values())
    for region in found:
        for _ in range(5):
            assert ENGINE.resolve(region.draw(rng)).verdict == region.verdict


def test_generation_is_always_deep_learning() -> None:
    """Except of rows, series and graphs, of which R6 does not speak."""
    generation = single(TASK, "generation")
    for region in regions():
        if generation in region.values(TASK) and region.verdict != "deep_learning":
            assert region.values(MODALITIES) <= STRUCTURED


def test_a_stated_need_for_explanation_is_met_wherever_it_can_be() -> None:
    generation, required = single(TASK, "generation"), single(EXPLAINABILITY, "required")
    found = {
        region.verdict
        for region in regions()
        if required in region.values(EXPLAINABILITY) and region.values(TASK) != {generation}
    }
    assert found == {"classical_ml"}


def test_a_known_modality_always_decides() -> None:
    """Except where objects are to be found in what is no image."""
    objects = single(TASK, "detection")
    assert objects == single(TASK, "segmentation")
    undecided = [r for r in regions() if r.verdict == UNDECIDED]
    assert undecided
    for region in undecided:
        known = region.values(MODALITIES) != {SPACE.unknown[MODALITIES]}
        assert not known or region.values(TASK) == {objects}


def test_one_clause_decides_and_every_loser_has_a_conflict() -> None:
    for masks in (*small_requests(2), *random_points(50_000, seed=1)):
        resolution = ENGINE.resolve(masks)
        effects = list(resolution.effects.values())
        decided = resolution.verdict != UNDECIDED
        assert effects.count("decides") == decided
        assert effects.count("overridden") == len(resolution.conflicts)
        assert (resolution.runner_up is not None) == resolution.contested
        assert resolution.runner_up != resolution.verdict
        assert ENGINE.outcome(masks).strategy != "none" or not decided


def test_without_labels_nothing_supervised_is_advised() -> None:
    """Wherever a task cannot label its own examples."""
    labels = NAMES.index("n_labelled")
    none = single(labels, 0)
    own = {single(TASK, task) for task in ("generation", "recommendation", "forecasting")}
    free = {"label_first", "unsupervised", "pretrained_without_labels", "none"}
    for masks in (*small_requests(2), *random_points(20_000, seed=2)):
        bare = (*masks[:labels], none, *masks[labels + 1 :])
        if bare[TASK] not in own:
            assert ENGINE.outcome(bare).strategy in free


def moved(masks: FactMask, facts: tuple[int, ...]) -> Iterator[FactMask]:
    """Every consistent point with all of these facts set to another bucket."""
    choices = [[b for b in bits(SPACE.unknown[f]) if b != masks[f]] for f in facts]
    for chosen in product(*choices):
        changed = list(masks)
        for fact, mask in zip(facts, chosen, strict=True):
            changed[fact] = mask
        if consistent(changed):
            yield tuple(changed)


def verdict(masks: FactMask) -> str:
    return ENGINE.resolve(masks).verdict


def brute(masks: FactMask, facts: tuple[int, ...], largest: int) -> tuple[int, set[str]]:
    """The size of the smallest flip and the verdicts it leads to, by trying everything."""
    now = verdict(masks)
    for size in range(1, largest + 1):
        reached = {
            found
            for chosen in combinations(facts, size)
            for other in moved(masks, chosen)
            if (found := verdict(other)) != now
        }
        if reached:
            return size, reached
    return 0, set()


def landed(masks: FactMask, flip: Flip) -> FactMask:
    changed = list(masks)
    for move in flip.moves:
        changed[move.fact] = 1 << move.bucket
    return tuple(changed)


def test_every_point_has_a_flip_of_two_facts() -> None:
    """To the generation of images, which is deep learning; from it to recommendation."""
    recommendation = single(TASK, "recommendation")
    found = {r.verdict for r in regions() if recommendation in r.values(TASK)}
    assert "deep_learning" not in found


def test_every_counterfactual_flips() -> None:
    """And all are of one size, the smallest: no point has a flip of one fact that is missed."""
    analyst = Analyst(ENGINE)
    for masks in (*small_requests(2), *random_points(2_000, seed=3)):
        flips = analyst.flips(masks, EVERYTHING)
        (size,) = {len(flip.moves) for flip in flips}
        assert size == 1 or (size == 2 and not brute(masks, EVERYTHING, largest=1)[0])
        for flip in flips:
            assert verdict(landed(masks, flip)) == flip.outcome.verdict != verdict(masks)


@pytest.mark.parametrize("seed", range(4))
def test_no_smaller_change_of_circumstances_flips(seed: int) -> None:
    """Against trying every change of up to three facts."""
    analyst = Analyst(ENGINE)
    for masks in random_points(200, seed, stated=0.6):
        flips = analyst.flips(masks, CIRCUMSTANCES)
        sizes = {len(flip.moves) for flip in flips}
        size, reached = brute(masks, CIRCUMSTANCES, largest=min([3, *sizes]))
        if sizes and min(sizes) <= 3:
            assert sizes == {size}
            assert {flip.outcome.verdict for flip in flips} == reached
        else:
            assert size == 0
        for flip in flips:
            assert verdict(landed(masks, flip)) == flip.outcome.verdict != verdict(masks)


def test_possible_verdicts_are_those_of_the_completions() -> None:
    """Against trying every completion of all unknown facts, where there are not too many."""
    analyst, tried = Analyst(ENGINE), 0
    for masks in random_points(3_000, seed=5, stated=0.75):
        choices = [list(bits(mask)) for mask in masks]
        if prod(map(len, choices)) > 2_000:
            continue
        tried += 1
        every = {verdict(p) for p in product(*choices) if consistent(p)}
        assert analyst.verdicts(masks) == every
    assert tried > 300


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
    "latency_ms": 0.01,
    "n_series": 1,
    "hardware": "edge",
    "n_features": 5000,
    "n_classes": 500,
    "rarest_class_share": 0.01,
}


@pytest.mark.parametrize("fact", VALUES)
def test_a_fact_that_no_rule_reads_changes_nothing_but_the_id(fact: str) -> None:
    """With every rule gone that reads the fact; the tables beside the rules do not read it."""
    tables = library()
    silent = {"candidates": (), "cautions": (), "notes": ()}
    quiet = Adviser(without(fact), type(tables)(**{**vars(tables), **silent}))
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
        # What the facts mean for the work is no matter of the rules; see the next test.
        del plain["bears_on_it"], added["bears_on_it"]
        assert plain == added


@pytest.mark.parametrize("fact", ["n_features", "rarest_class_share"])
def test_what_no_rule_reads_bears_on_the_work_alone(fact: str) -> None:
    """With the tables as they are, only what `bears_on_it` says may differ."""
    plain = adviser().recommend(parse_facts({"modalities": ["tabular"]})).model_dump()
    facts = {"modalities": ["tabular"], fact: VALUES[fact]}
    added = adviser().recommend(parse_facts(facts)).model_dump()
    differ = {name for name, value in plain.items() if added[name] != value}
    assert differ == {"bears_on_it", "decision_id"}


def test_the_order_of_fields_changes_nothing_at_all() -> None:
    facts = {
        "modalities": ["text", "tabular"], "task": "classification", "n_rows": 5000,
        "n_labelled": 400, "explainability": "preferred", "domain": "legal", "budget": "tight",
        "clean": False, "trees_exhausted": True, "feature_engineering": "feasible",
        "n_features": 30, "n_classes": 2, "rarest_class_share": 0.1, "latency_ms": 5.0,
        "n_series": 1, "hardware": "cpu",
    }  # fmt: skip
    first = adviser().recommend(parse_facts(facts))
    turned = {name: facts[name] for name in reversed(facts)}
    turned["modalities"] = ["tabular", "text"]
    assert adviser().recommend(parse_facts(turned)) == first
    stated_unknown = {"modalities": ["image"], "task": None}
    assert adviser().recommend(parse_facts(stated_unknown)) == adviser().recommend(
        parse_facts({"modalities": ["image"]})
    )
