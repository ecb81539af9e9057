"""A fit from file to repository, and how it ends early."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from contract import repository
from contract.errors import RepositoryError
from contract.manifest import Manifest
from contract.records import ClassificationMetrics
from contract.repository import Entry, audit, entries, read_manifest
from tests.training.fit import tables
from training.__main__ import app
from training.errors import FitError
from training.fit import command
from training.fit.export import export
from training.fit.options import Options
from training.fit.plan import lines
from training.fit.run import Outcome, fit, prepare


def quiet(what: str, left: float) -> None:
    """Report nothing."""


def table(folder: Path, kind: str = "binary", n: int = 200) -> Path:
    return tables.write(folder / f"{kind}.csv", tables.rows(kind, n))


def run(folder: Path, report: Any = quiet, **given: Any) -> Outcome:
    options = tables.options(table(folder), out=folder / "models", **{"budget": 5.0, **given})
    return fit(prepare(options), options, report)


def manifests(folder: Path) -> dict[str, Manifest]:
    return {entry.name: read_manifest(entry) for entry in entries(folder / "models")}


@pytest.mark.thorough
def test_every_candidate_is_written_and_the_chosen_one_has_the_plain_name(tmp_path: Path) -> None:
    outcome = run(tmp_path, only=("linear", "xgboost"))
    found = manifests(tmp_path)
    chosen = outcome.verdict.chosen.entrant.name
    other = {"linear": "xgboost", "xgboost": "linear"}[chosen]
    assert set(found) == {"made", f"made-{other}"}
    assert found["made"].comparison == found[f"made-{other}"].comparison == outcome.record
    measured = found["made"].metrics
    assert isinstance(measured, ClassificationMetrics)
    assert measured.confidence is not None
    assert measured.confidence.values == measured.samples
    for entry in entries(tmp_path / "models"):
        audit(entry)
        card = (entry.path / "card.md").read_text()
        assert outcome.record.verdict[0] in card
        for picture in ("confusion.png", "calibration.png", "importance.png"):
            assert f"({picture})" in card
            assert (entry.path / picture).read_bytes().startswith(b"\x89PNG")
    facts = outcome.record.advice.facts
    assert (facts["n_features"], facts["n_classes"]) == (5, 2)
    assert 0.3 < facts["rarest_class_share"] <= 0.5
    training = found["made"].training
    assert training is not None
    assert training.data.test == len(outcome.plan.problem) // 5
    assert set(training.notes["loss_without_a_column"]) == {
        "age", "income", "member", "city", "label",
    }  # fmt: skip


@pytest.mark.thorough
def test_the_next_fit_of_the_same_name_is_the_next_version(tmp_path: Path) -> None:
    run(tmp_path, only=("linear",))
    run(tmp_path, only=("linear",))
    assert [entry.version for entry in entries(tmp_path / "models")] == [1, 2]


@pytest.mark.thorough
def test_a_model_that_only_an_earlier_fit_wrote_is_named(tmp_path: Path) -> None:
    assert run(tmp_path, only=("linear", "xgboost")).earlier == ()
    (entry,) = run(tmp_path, only=("linear",)).earlier
    assert entry.version == 1
    assert entry.name in ("made-linear", "made-xgboost")


@pytest.mark.thorough
def test_importance_of_a_wide_table_says_which_columns_were_shuffled(tmp_path: Path) -> None:
    rows = tables.rows("binary", 200)
    generator = np.random.default_rng(0)
    wide = [{**{f"noise_{i}": float(generator.normal()) for i in range(70)}, **row} for row in rows]
    options = tables.options(
        tables.write(tmp_path / "wide.csv", wide), out=tmp_path / "models", budget=5.0,
        only=("linear",),
    )  # fmt: skip
    (entry,) = fit(prepare(options), options, quiet).written.values()
    training = read_manifest(entry).training
    assert training is not None
    assert training.notes["columns_shuffled"].startswith("60 of 75 columns")
    # The columns that matter come after 70 that do not.
    assert {"age", "income"} <= set(training.notes["loss_without_a_column"])


@pytest.mark.thorough
def test_a_disk_that_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def full(root: Path, manifest: Manifest, files: Mapping[str, bytes]) -> Entry:
        if written:
            raise OSError(28, "No space left on device")
        written.append(manifest.name)
        return repository.write(root, manifest, files)

    monkeypatch.setattr("training.fit.publish.write", full)
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path, only=("linear", "xgboost"))
    assert written
    assert entries(tmp_path / "models") == []


@pytest.mark.thorough
def test_one_candidate_whose_graph_fails_does_not_end_the_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(problem: Any, entrant: Any, split: Any) -> Any:
        if entrant.name == "linear":
            raise RuntimeError("the checker refused it\nand said more")
        return export(problem, entrant, split)

    monkeypatch.setattr("training.fit.run.export", broken)
    outcome = run(tmp_path, only=("linear", "xgboost"))
    (failed,) = (c for c in outcome.record.candidates if c.candidate == "linear")
    assert failed.failed == "the checker refused it"
    assert set(manifests(tmp_path)) == {"made"}


@pytest.mark.thorough
def test_ctrl_c_while_columns_are_shuffled_keeps_the_models(tmp_path: Path) -> None:
    def stop(what: str, left: float) -> None:
        if what.startswith("importance of the columns"):
            raise KeyboardInterrupt

    run(tmp_path, stop, only=("linear",))
    training = manifests(tmp_path)["made"].training
    assert training is not None
    assert "loss_without_a_column" not in training.notes


@pytest.mark.thorough
def test_a_blend_records_what_its_members_are(tmp_path: Path) -> None:
    run(tmp_path, only=("xgboost", "mlp"))
    (blend,) = (m for m in manifests(tmp_path).values() if m.algorithm == "blend")
    assert blend.training is not None
    assert set(blend.training.hyperparameters) == {"xgboost", "mlp"}
    assert set(blend.training.libraries) >= {"xgboost", "torch"}
    assert "refitted on both" in blend.training.data.split


def test_a_class_in_one_group_of_rows_is_told(tmp_path: Path) -> None:
    rows = tables.rows("classes", 200)
    same = dict(rows[0], target="auto")
    path = tables.write(tmp_path / "twins.csv", [*rows, *[same] * 12])
    options = tables.options(path, out=tmp_path / "models")
    assert "all rows of class 'auto' form 1 group of rows" in " ".join(
        lines(prepare(options), options)
    )


@pytest.mark.thorough
def test_an_interrupted_fit_keeps_what_is_done(tmp_path: Path) -> None:
    def stop(what: str, left: float) -> None:
        if what == "split 1: xgboost":
            raise KeyboardInterrupt

    outcome = run(tmp_path, stop, only=("linear", "extra-trees", "xgboost"))
    assert outcome.record.interrupted
    assert {c.candidate for c in outcome.record.candidates} == {"linear", "extra-trees"}
    assert "It was stopped early" in " ".join(outcome.record.verdict)


def test_a_fit_that_is_stopped_before_the_first_candidate_writes_nothing(tmp_path: Path) -> None:
    def stop(what: str, left: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(FitError, match="stopped too early"):
        run(tmp_path, stop, only=("linear",))
    assert not (tmp_path / "models").exists()


@pytest.mark.thorough
def test_only_models_that_a_person_can_follow_where_that_is_required(tmp_path: Path) -> None:
    outcome = run(tmp_path, explain="required")
    assert {c.candidate for c in outcome.record.candidates} == {"linear", "additive"}
    assert outcome.record.advice.facts["explainability"] == "required"


def test_groups_and_time_decide_the_split(tmp_path: Path) -> None:
    rows = tables.rows("regression", 240)
    for i, row in enumerate(rows):
        row["day"] = f"2024-{i // 20 + 1:02}-{i % 20 + 1:02}"
        row["shop"] = f"s{i % 12}"
    path = tables.write(tmp_path / "sales.csv", rows)

    def ran(**given: Any) -> Outcome:
        options = tables.options(
            path, out=tmp_path / "models", budget=5.0, only=("linear",), task="regression", **given
        )
        return fit(prepare(options), options, quiet)

    timed = ran(time="day", drop=("shop",))
    assert "the latest rows by day" in split_of(tmp_path)
    assert timed.record.left_out["shop"] == "--drop names it"
    grouped = ran(groups=("shop",))
    assert "rows of one shop" in split_of(tmp_path)
    assert len(np.unique(grouped.plan.problem.groups)) <= 12


def split_of(folder: Path) -> str:
    """The split of the newest version."""
    newest = entries(folder / "models")[-1]
    training = read_manifest(newest).training
    assert training is not None
    return training.data.split


def test_the_plan_says_what_is_left_out_and_what_the_guide_advises(tmp_path: Path) -> None:
    rows = tables.rows("binary", 200)
    for i, row in enumerate(rows):
        row["customer_id"] = f"C{1000 + i}"
        row["final_balance"] = i % 9
    options = Options(tables.write(tmp_path / "t.csv", rows), "target", "made")
    text = "\n".join(lines(prepare(options), options))
    assert "Learn 2 classes of 'target' from 3 numbers and 2 categories in 200 rows." in text
    assert "Leave out 'customer_id': it looks like an identifier." in text
    assert "--keep it if it is known when you predict" in text
    assert "The guide: " in text
    kept = Options(options.file, "target", "made", keep=("final_balance",))
    assert "final_balance" in prepare(kept).problem.rows.names


def test_the_command_asks_before_it_trains(tmp_path: Path) -> None:
    path = table(tmp_path)
    done = CliRunner().invoke(app, ["fit", str(path), "--target", "target"])
    assert done.exit_code == 1
    assert "give --yes" in done.output


def test_the_question_leaves_standard_output_to_the_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def confirm(text: str, *, default: bool, abort: bool, err: bool) -> None:
        asked.append(err)
        raise typer.Abort

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(typer, "confirm", confirm)
    for err in (False, True):
        with pytest.raises(typer.Abort):
            command._agree(False, err=err)
    assert asked == [False, True]


@pytest.mark.thorough
def test_the_command_tells_how_to_serve_what_it_wrote(tmp_path: Path) -> None:
    path, out = table(tmp_path), tmp_path / "models"
    given = ["fit", str(path), "--target", "target", "--out", str(out), "--budget", "5", "--yes",
             "--only", "linear", "--only", "xgboost"]  # fmt: skip
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.output
    assert f"ROSENBLATT_MODELS_DIR={out}" in done.output.replace("\n", "")
    example = json.loads((out / "binary" / "1" / "example.json").read_text())
    assert f"-d @{out / 'binary' / '1' / 'example.json'}" in done.output
    assert example["model"] == "binary"
    assert set(example["instances"][0]) == {"age", "income", "member", "city", "label"}
    as_json = CliRunner().invoke(app, [*given, "--json"])
    record = json.loads(as_json.stdout)
    assert record["chosen"] == "binary"
    assert record["baseline"]["accuracy"] < max(
        c["figures"]["accuracy"] for c in record["candidates"]
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--target", "nope"], "is not a column of the file"),
        (["--target", "target", "--only", "svm"], "--only 'svm' is no candidate"),
        (["--target", "target", "--domain", "space"], "a stated fact cannot be used"),
        (["--target", "target", "--explain", "required", "--only", "mlp"], "leaves no candidate"),
    ],
)
def test_the_command_says_what_is_wrong_in_one_sentence(
    tmp_path: Path, given: list[str], message: str
) -> None:
    done = CliRunner().invoke(app, ["fit", str(table(tmp_path)), *given, "--yes"])
    assert done.exit_code == 1
    assert message in done.output
    assert "Traceback" not in done.output


def test_rows_of_a_named_group_count_as_one_draw_and_twins_do_not(tmp_path: Path) -> None:
    rows = [{**row, "shop": f"s{i % 12}"} for i, row in enumerate(tables.rows("binary", 240))]
    path = tables.write(tmp_path / "shops.csv", [*rows, *rows[:20]])
    options = tables.options(path, groups=("shop",))
    assert len(np.unique(prepare(options).problem.draws)) == 12
    plain = prepare(tables.options(path, drop=("shop",))).problem
    assert len(np.unique(plain.draws)) == len(plain) == 260
    assert len(np.unique(plain.groups)) == 240


def test_a_repository_that_cannot_be_written_to_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    options = tables.options(table(tmp_path), out=tmp_path / "models")
    with pytest.raises(RepositoryError, match="models cannot be written to"):
        prepare(options)
