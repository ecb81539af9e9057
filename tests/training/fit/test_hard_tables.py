"""Tables that practitioners have: rare classes, late sensors, few combinations, odd names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.repository import audit, entries
from service.settings import Settings
from tests.service.client import Client
from tests.training.fit import tables
from training.calibration import fit_temperature
from training.errors import FitError
from training.fit.comparison import splits_of
from training.fit.run import Outcome, fit, prepare
from training.fit.splits import by_groups
from training.fit.tables.candidates import additive, boosting
from training.fit.tables.kind import TableKind

Rows = list[dict[str, Any]]


def ran(folder: Path, rows: Rows, **given: Any) -> Outcome:
    options = tables.options(
        tables.write(folder / "hard.csv", rows),
        out=folder / "models", **{"budget": 5.0, "only": ("linear", "xgboost"), **given},
    )  # fmt: skip
    outcome = fit(prepare(options), options, lambda what, left: None)
    for entry in entries(folder / "models"):
        audit(entry)
    return outcome


def failures(outcome: Outcome) -> dict[str, str | None]:
    return {c.candidate: c.failed for c in outcome.record.candidates if c.failed}


@pytest.mark.thorough
def test_a_class_that_lies_in_one_group_alone_crashes_nothing(tmp_path: Path) -> None:
    rows = tables.rows("classes", 300)
    for i, row in enumerate(rows):
        row["shop"] = f"s{i % 12}"
        row["target"] = "rare" if i % 12 == 4 else row["target"]
    outcome = ran(tmp_path, rows, groups=("shop",), only=("linear", "xgboost", "mlp"))
    assert failures(outcome) == {}


@pytest.mark.thorough
def test_a_sensor_that_came_late_is_served(tmp_path: Path) -> None:
    rows = tables.rows("binary", 300)
    for i, row in enumerate(rows):
        row["sensor"] = i / 7 if i >= 270 else ""
        row["state"] = "ab"[i % 2] if i >= 270 else ""
        row["day"] = i
    outcome = ran(tmp_path, rows, time="day", only=("linear", "xgboost", "mlp"))
    assert failures(outcome) == {}
    given = Settings(models_dir=tmp_path / "models", default_model=outcome.record.chosen)
    client = Client(given)
    document = client.request("GET", "/openapi.json").json()
    body = document["paths"]["/predict"]["post"]["requestBody"]
    (example,) = body["content"]["application/json"]["schema"]["examples"]
    assert example["instances"][0]["state"] == ""
    assert client.request("POST", "/predict", example).status_code == 200


def test_groups_stay_on_one_side_of_time_too(tmp_path: Path) -> None:
    rows = tables.rows("binary", 400)
    for i, row in enumerate(rows):
        row["day"] = i
        row["who"] = f"p{i // 9}" if i % 3 else f"p{i // 4}"
    path = tables.write(tmp_path / "t.csv", rows)
    problem = prepare(tables.options(path, time="day", groups=("who",))).problem
    for split in splits_of(problem, 0):
        trained = set(problem.groups[np.concatenate([split.train, split.validation])])
        assert not trained & set(problem.groups[split.test])


def test_a_group_that_goes_on_to_the_end_leaves_nothing_to_train_on(tmp_path: Path) -> None:
    rows = tables.rows("binary", 300)
    for i, row in enumerate(rows):
        row["day"], row["who"] = i, f"p{i % 12}"
    with pytest.raises(FitError, match="nothing is left to train on"):
        ran(tmp_path, rows, time="day", groups=("who",))


@pytest.mark.thorough
def test_rows_of_few_combinations_are_on_both_sides_and_the_plan_says_so(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rows = []
    for _ in range(800):
        sex, cabin = generator.choice(["f", "m"]), generator.choice(["1", "2", "3", "crew"])
        survived = generator.random() < (0.7 if sex == "f" else 0.2) - 0.05 * (cabin == "3")
        rows.append({"sex": str(sex), "cabin": str(cabin), "target": "yes" if survived else "no"})
    outcome = ran(tmp_path, rows)
    assert outcome.plan.problem.repeated == 792
    best = outcome.record.candidates[0]
    assert best.figures["log_loss"] < outcome.record.baseline["log_loss"] - 0.05
    assert best.figures["auc"] > 0.7


def test_a_large_group_of_twins_keeps_the_shares_of_the_classes() -> None:
    groups = np.concatenate([np.zeros(300, int), np.arange(1, 701)])
    target = np.concatenate([np.zeros(300, int), (np.arange(700) % 20 == 0).astype(int)])
    for split in list(by_groups(groups, target, 1, discrete=True))[:5]:
        assert target[split.test].sum() == 7
        assert target[split.validation].sum() >= 3


@pytest.mark.thorough
@pytest.mark.parametrize(
    "names",
    [("label", "column:label"), ("/constant_1", "probabilities"), ("größe in m²", "value")],
)
def test_columns_may_have_any_name(tmp_path: Path, names: tuple[str, str]) -> None:
    rows = tables.rows("binary", 200)
    renamed = [
        {names[0]: row["city"], names[1]: row["income"], "age": row["age"], "target": row["target"]}
        for row in rows
    ]
    outcome = ran(tmp_path, renamed)
    assert failures(outcome) == {}


@pytest.mark.thorough
def test_a_column_may_have_the_name_that_many_numbers_share(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rows = [
        {**{f"n{i}": round(float(generator.normal()), 3) for i in range(66)},
         "numbers": str(generator.choice(["a", "b"])), "target": int(generator.integers(2))}
        for _ in range(120)
    ]  # fmt: skip
    assert failures(ran(tmp_path, rows)) == {}


@pytest.mark.thorough
def test_a_target_that_no_column_tells_is_said(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    rows = [
        {"x": round(float(generator.normal()), 3), "target": str(generator.choice(["a", "b"]))}
        for _ in range(300)
    ]
    outcome = ran(tmp_path, rows, only=("random-forest", "extra-trees"))
    assert failures(outcome) == {}
    best = outcome.record.candidates[0].figures["log_loss"]
    said = "No candidate is better than the baseline" in outcome.record.verdict[0]
    assert said == (best >= outcome.record.baseline["log_loss"])


@pytest.mark.parametrize("learn", [boosting.learn, additive.learn])
def test_a_time_limit_in_the_first_round_leaves_a_model(tmp_path: Path, learn: Any) -> None:
    problem = tables.problem(tmp_path, "classes")
    split = next(splits_of(problem, 0))
    data = TableKind().prepare(problem.rows, problem.target, 3, split.train, split.validation)
    scores = learn(data, seed=1, seconds=1e-6).scores(problem.rows)
    assert scores.shape == (len(problem), 3)
    assert np.isfinite(scores).all()


def test_few_rows_that_are_all_right_do_not_make_certainty() -> None:
    logits = np.array([[2.0, -2.0]] * 13)
    labels = np.zeros(13, np.int64)
    assert fit_temperature(logits, labels) < 0.1
    assert 0.3 < fit_temperature(logits, labels, 0.5) < 1.0
    # Many rows move it as far as they want.
    many = np.tile(np.array([[6.0, -6.0], [6.0, -6.0], [6.0, -6.0]]), (2_000, 1))
    wrong = np.tile(np.array([0, 0, 1]), 2_000)
    assert fit_temperature(many, wrong, 0.5) == pytest.approx(fit_temperature(many, wrong), rel=0.1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"groups": ("city",)}, "--group 'city' has [45] different values; at least 10"),
        ({"time": "target"}, "--time 'target' is the target"),
        ({"keep": ("target",)}, "--keep 'target' is the target"),
        ({"budget": float("nan")}, "--budget nan must be at least"),
        ({"latency_ms": float("nan")}, "--latency-ms nan must be above 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    rows = [{**row, "city": row["city"] or "Bern"} for row in tables.rows("binary", 200)]
    with pytest.raises(FitError, match=message):
        ran(tmp_path, rows, **given)


def test_a_name_of_another_model_is_refused(tmp_path: Path) -> None:
    rows = tables.rows("binary", 200)
    ran(tmp_path, rows, only=("linear",))
    other = [{"other" if k == "target" else k: v for k, v in row.items()} for row in rows]
    with pytest.raises(FitError, match=r"holds a model 'made' that predicts 'target'"):
        ran(tmp_path, other, target="other", only=("linear",))
