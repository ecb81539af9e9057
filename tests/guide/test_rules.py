"""Rules and tables as data: what is refused, and that the files hang together."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from guide.buckets import Integers, Reals
from guide.conditions import conditions
from guide.documents import read
from guide.engine import Engine
from guide.errors import RulesetError
from guide.facts import CHOICES, MODALITIES, parse_facts
from guide.latencies import latencies
from guide.recommend import adviser
from guide.rules import RULES, parse_rules, ruleset
from guide.tables import library

DATA = yaml.safe_load(RULES.read_bytes())


def changed(change: Callable[[Any], object]) -> Any:
    data = copy.deepcopy(DATA)
    change(data)
    return data


def clause(data: Any) -> Any:
    return data["rules"][0]["clauses"][0]


REFUSED: dict[str, tuple[Callable[[Any], object], str]] = {
    "unknown fact": (lambda d: clause(d)["when"].update(colour={"in": ["red"]}), "fact 'colour'"),
    "unknown operator": (lambda d: clause(d)["when"].update(task={"near": 1}), "operator 'near'"),
    "value of another fact": (
        lambda d: clause(d)["when"].update(task={"in": ["tight"]}), "task cannot be compared",
    ),
    "operator of another fact": (
        lambda d: clause(d)["when"].update(n_rows={"in": [1]}), "n_rows cannot be compared",
    ),
    "threshold that is no count": (
        lambda d: clause(d)["when"].update(n_rows={"lt": 1.5}), "n_rows cannot be compared",
    ),
    "modality unknown": (
        lambda d: clause(d)["when"].update(modalities={"only": ["smell"]}), "cannot be compared",
    ),
    "kind that nobody measured": (
        lambda d: clause(d)["when"].update(latency_ms={"faster_than": "abacus"}),
        "latency_ms cannot be compared",
    ),
    "kind beside another fact": (
        lambda d: clause(d)["when"].update(n_rows={"faster_than": "small_cnn"}),
        "n_rows cannot be compared",
    ),
    "bound without a smallest value": (
        lambda d: clause(d)["when"].update(latency_ms={"gt": 5}), "latency_ms cannot be compared",
    ),
    "boolean as text": (
        lambda d: clause(d)["when"].update(clean={"is": "yes"}), "clean cannot be compared",
    ),
    "stated is for unless": (
        lambda d: clause(d)["when"].update(task={"stated": True}), "asks in `when` what only",
    ),
    "stated takes true": (
        lambda d: clause(d)["when"].update(task={"stated": False}), "task cannot be compared",
    ),
    "no condition": (lambda d: clause(d).update(when={}), "has no condition"),
    "no family": (lambda d: clause(d).update(families=[]), "at least 1 item"),
    "unknown family": (lambda d: clause(d).update(families=["magic"]), "classical_ml"),
    "unknown tier": (lambda d: clause(d).update(tier=9), "unknown tier 9"),
    "unknown field": (lambda d: clause(d).update(weight=1), "Extra inputs"),
    "defeater without words": (
        lambda d: clause(d).update(unless=[{"clean": {"is": True}}]), "needs one condition and its",
    ),
    "a rule twice": (lambda d: d["rules"].append(d["rules"][0]), "given twice"),
    "strategy of no clause": (
        lambda d: d["strategies"][0].update(fired=["R9.x"]), "unknown clause R9.x",
    ),
    "no strategy left": (lambda d: d["strategies"].pop(), "insufficient_information"),
    "version": (lambda d: d.update(version="one"), "pattern"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_rules_that_make_no_sense_are_refused(case: str) -> None:
    change, message = REFUSED[case]
    with pytest.raises(ValidationError, match=message):
        parse_rules(changed(change))


def test_the_version_is_that_of_the_data() -> None:
    assert parse_rules(DATA).version == ruleset().version
    other = parse_rules(changed(lambda d: clause(d).update(says="because")))
    assert other.version != ruleset().version
    assert other.version.startswith("3.0.0+")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: [", "rules.yaml: while parsing"),
        ("version: 1.0.0", "rules.yaml: tiers: Field required"),
        ("[]", "rules.yaml: the file"),
    ],
)
def test_a_broken_file_stops_the_start_with_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(RulesetError) as caught:
        read(path, parse_rules)
    assert str(caught.value).startswith(message)


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(RulesetError, match=r"none\.yaml: "):
        read(tmp_path / "none.yaml", parse_rules)


def test_every_study_is_cited_and_every_citation_known() -> None:
    """`library` refuses anything else; here is what it compared."""
    cited = {study for rule in ruleset().rules for study in rule.studies}
    assert set(library().studies) == cited
    assert all(s.url.startswith("https://") for s in library().studies.values())


def test_comparison_rows_name_rules() -> None:
    ids = {rule.id for rule in ruleset().rules}
    rows = library().comparison.rows
    assert {i for row in rows for i in row.rules} <= ids
    assert len(rows) == 10


ORDINARY = ("classification", "regression", "recommendation", "forecasting", "log_analysis")
# Strategies whose candidates need no labels, or no text.
WITHOUT_LABELS = (
    "label_first", "unsupervised", "pretrained_without_labels", "statistical_forecasting",
)  # fmt: skip


@pytest.mark.thorough
def test_every_candidate_is_reachable_and_every_strategy_has_some() -> None:
    """Over every set of modalities, task and pressure on the choice."""
    subsets: list[Any] = [None]
    subsets += [list(s) for n in (1, 2) for s in combinations(MODALITIES, n)]
    seen: set[str] = set()
    pressures: list[dict[str, Any]] = [
        {}, {"n_labelled": 500}, {"budget": "tight"}, {"budget": "hard_limit"},
        {"explainability": "required"}, {"n_rows": 600_000}, {"domain": "lending"},
        {"trees_exhausted": True}, {"n_labelled": 500, "budget": "hard_limit"},
        {"n_labelled": 500, "explainability": "required"}, {"n_labelled": 0},
        {"n_labelled": 0, "budget": "hard_limit"}, {"n_series": 1, "n_rows": 48},
        {"latency_ms": 5}, {"feature_engineering": "infeasible"}, {"n_labelled": 5000},
        {"feature_engineering": "infeasible", "n_labelled": 0},
        {"feature_engineering": "infeasible", "n_labelled": 500},
        {"n_rows": 5000, "n_features": 20}, {"domain": "medical_diagnosis"},
        {"budget": "tight", "n_labelled": 5000}, {"n_labelled": 3000, "n_classes": 1},
        {"n_labelled": 500, "latency_ms": 5},
    ]  # fmt: skip
    for modalities, task, pressure in product(subsets, (None, *CHOICES["task"]), pressures):
        decision = adviser().recommend(
            parse_facts({"modalities": modalities, "task": task, **pressure})
        )
        decided = decision.verdict != "insufficient_information"
        families = {c.family for c in decision.candidates}
        seen |= {c.name for c in decision.candidates}
        assert bool(decision.candidates) is decided
        if decision.verdict in ("classical_ml", "deep_learning"):
            assert decision.candidates[0].family == decision.verdict
        elif decided:
            assert families >= {"classical_ml", "deep_learning"}, (modalities, task, pressure)
        ordinary = task in (None, *ORDINARY) and decision.strategy not in WITHOUT_LABELS
        if decided and modalities and "text" in modalities and ordinary:
            assert any(c.name.startswith("TF-IDF") for c in decision.candidates), (
                modalities, task, pressure,
            )  # fmt: skip
        assert [c.rank for c in decision.candidates] == list(range(1, len(decision.candidates) + 1))
    assert seen == {entry.data.name for entry in library().candidates}


def test_a_served_model_is_named_where_it_serves() -> None:
    from guide.recommend import Adviser

    serving = Adviser(ruleset(), library(), served=["digits-xgboost"])
    table = parse_facts({"modalities": ["tabular"], "n_rows": 20_000})
    told = [c.served_model for c in serving.recommend(table).candidates]
    assert told == ["digits-xgboost", None, None]
    assert not any(c.served_model for c in adviser().recommend(table).candidates)


def test_buckets_speak() -> None:
    assert Integers((0, 999)).text == "at most 999"
    assert Integers((500_000, None)).text == "at least 500,000"
    assert Integers((0, None)).text == "any number"
    assert Integers((1, 1)).text == "1"
    assert Integers((1000, 99_999)).text == "1,000 to 99,999"
    assert Integers((1000, 99_999)).nearest(5) == 1000
    assert Integers((1000, 99_999)).nearest(200_000) == 99_999
    assert Integers((1, 999)).nearest(None) == 999
    modalities = Engine(ruleset()).space.buckets["modalities"]
    tables = next(b for b in modalities if ("tabular", "image") in b.values)
    assert tables.text == "tabular with image or video"
    assert tables.nearest(["video"]) == ["tabular", "video"]


def test_buckets_of_real_numbers_speak() -> None:
    assert Reals((0.0, 0.081)).text == "under 0.081"
    assert Reals((0.081, 40.0)).text == "0.081 to under 40"
    assert Reals((65.0, None)).text == "at least 65"
    assert Reals((0.0, 0.081)).nearest(5) == 0.08
    assert Reals((0.0, 40.0)).nearest(None) == 39
    assert Reals((0.0, 1.0)).nearest(None) == 0.9
    assert Reals((39.9, 40.0)).nearest(99) == 39.95
    assert Reals((40.0, None)).nearest(5) == Reals((40.0, None)).nearest(None) == 40


def test_a_latency_is_compared_with_what_was_measured() -> None:
    (faster,) = conditions({"latency_ms": {"faster_than": "small_cnn"}})
    measured = latencies()["small_cnn"].milliseconds
    assert [faster.holds(v) for v in (measured * 0.99, measured)] == [True, False]


def test_the_version_covers_the_latencies(monkeypatch: pytest.MonkeyPatch) -> None:
    before = parse_rules(DATA).version
    slower = latencies()["small_cnn"].model_copy(update={"milliseconds": 9.0})
    monkeypatch.setattr("guide.rules.latencies", lambda: {**latencies(), "small_cnn": slower})
    assert parse_rules(DATA).version != before


def test_operators() -> None:
    spec: dict[str, dict[str, Any]] = {
        "n_rows": {"ge": 5, "le": 7},
        "modalities": {"includes": ["text"]},
    }
    low, high, text = conditions(spec)
    assert [low.holds(v) for v in (4, 5)] == [False, True]
    assert [high.holds(v) for v in (7, 8)] == [True, False]
    assert [text.holds(v) for v in (["text", "image"], ["image"])] == [True, False]
