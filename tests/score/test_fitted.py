"""Scoring the table that `fit` learnt from gives the answers to the rows as training read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from contract.seen import CategoryRange, TextRange
from contract.tensors import Input
from service.errors import InvalidError
from service.score import Scorer
from service.score.__main__ import main
from service.score.fitted import fitted_reader
from service.settings import settings
from training.fit.options import Options
from training.fit.run import Outcome, fit, prepare

GAPS = ("NaN", "NaT", "-NaN", "nan", "<NA>", "Null", "nIL", "?", " NA ", "", "#N/A")
ROWS = 240


def messy() -> dict[str, list[Any]]:
    """Columns whose cells the profiler reads otherwise than as they are."""
    generator = np.random.default_rng(0)
    jobs = generator.choice(["Private", "State", "Self"], ROWS)
    around = ("{}", " {}", "{}  ", "\t{}", "\u00a0{}\u3000")
    job = [str(around[i % 5]).format(word) for i, word in enumerate(jobs)]
    job = [GAPS[i % len(GAPS)] if i % 4 == 1 else word for i, word in enumerate(job)]
    member = [("yes", "YES", "yEs", "no", "No ", "nO")[k] for k in generator.integers(0, 6, ROWS)]
    smoker = [("True", "False")[k] for k in generator.integers(0, 2, ROWS)]
    age = [f" {k}" for k in generator.integers(18, 90, ROWS)]
    for i, gap in enumerate((*GAPS, "-", "...", "missing", "#VALUE!", "n.a.")):
        age[7 * i] = gap
    yes = (jobs == "Private") ^ (generator.random(ROWS) < 0.1)
    yes |= np.array([word.strip().lower() == "yes" for word in member])
    return {
        " job ": job, "member": member, " smoker": smoker, "age": age,
        "target": np.where(yes, "bought", "not").tolist(),
    }  # fmt: skip


def fitted(path: Path, out: Path, **given: Any) -> Outcome:
    options = Options(
        path, "target", "mine", out=out, budget=5.0, only=("linear", "xgboost"), **given
    )
    return fit(prepare(options), options, lambda what, left: None)


def answers(outcome: Outcome) -> np.ndarray:
    """Those of the chosen model in its own library to all rows as training read them."""
    return outcome.verdict.chosen.entrant.model.predict(outcome.plan.problem.rows)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROSENBLATT_MODELS_DIR", str(tmp_path / "models"))
    settings.cache_clear()
    return tmp_path / "models"


def probabilities(scored: pl.DataFrame) -> np.ndarray:
    return np.array(scored["probabilities"].to_list())


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_training_file_gets_the_answers_of_training(
    suffix: str, tmp_path: Path, repository: Path
) -> None:
    frame, path = pl.DataFrame(messy()), tmp_path / f"rows{suffix}"
    if suffix == ".csv":
        frame.write_csv(path)
    else:  # its columns have types, and names that are not stripped
        numbers = [None if i % 9 == 0 else float(i % 70) for i in range(ROWS)]
        frame.with_columns(age=pl.Series(numbers)).write_parquet(path)
    outcome = fitted(path, repository)
    rows = outcome.plan.problem.rows
    assert len(rows.number_names) == 1
    assert len(rows.category_names) == 3
    assert (rows.codes[:, 0] < 0).sum() >= ROWS // 4
    assert main([str(path), str(tmp_path / "out"), "--model", "mine", "--quiet"]) == 0
    scored = pl.read_parquet(tmp_path / "out")
    np.testing.assert_allclose(probabilities(scored), answers(outcome), atol=1e-5)


@pytest.mark.thorough
def test_a_batch_of_arrays_is_read_the_same(tmp_path: Path, repository: Path) -> None:
    columns = {name.strip(): values for name, values in messy().items()}
    pl.DataFrame(columns).write_csv(tmp_path / "rows.csv")
    outcome = fitted(tmp_path / "rows.csv", repository)
    given: dict[str, Any] = {k: np.array(v, object) for k, v in columns.items()}
    given["age"] = outcome.plan.problem.rows.numbers[:, 0].astype(float)
    given["smoker"] = np.array([word == "True" for word in columns["smoker"]])
    scorer = Scorer("mine", threads=1)
    found = np.stack(list(scorer(given)["probabilities"]))
    scorer.close()
    np.testing.assert_allclose(found, answers(outcome), atol=1e-5)


@pytest.mark.thorough
def test_what_the_model_does_not_read_as_training_did_is_refused(
    tmp_path: Path, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = {name.strip(): values for name, values in messy().items()}
    pl.DataFrame(columns).write_csv(tmp_path / "rows.csv")
    fitted(tmp_path / "rows.csv", repository)
    for cell in ("1,234.50", "$5", "12 %", "old", "inf"):
        wrong = {**columns, "age": [cell, *columns["age"][1:]]}
        pl.DataFrame(wrong).write_csv(tmp_path / "wrong.csv")
        assert main([str(tmp_path / "wrong.csv"), str(tmp_path / "out"), "--model", "mine"]) == 1
        assert "row 0 of " in (said := capsys.readouterr().err)
        assert "the column takes a number" in said
    scorer = Scorer("mine", threads=1)
    member = np.ones(2, bool)
    with pytest.raises(InvalidError, match='"member" of a batch is of type Boolean'):
        scorer({"job": np.array(["a", "b"], object), "member": member,
                "smoker": member, "age": np.ones(2)})  # fmt: skip
    scorer.close()


def test_free_text_that_marks_a_gap_is_empty() -> None:
    seen = TextRange.model_validate(
        {"content": "text", "characters": {"low": 1, "high": 9}, "missing": 0.1}
    )
    text = Input(
        name="said", datatype="BYTES", shape=(-1,), content="text", columns=("said",), seen=(seen,)
    )
    found = fitted_reader(text, 0).parse(pl.Series(["  well said ", "N/A", "none", None]))
    assert found.array.tolist() == ["well said", "", "", ""]


@pytest.mark.parametrize(
    ("known", "cells", "expected"),
    [
        (("No", "Yes"), ["YES", "no", "maybe"], ["Yes", "No", "maybe"]),
        (("False", "True"), ["true", "FALSE", "True"], ["True", "False", "True"]),
        (("Ulm", "Bern"), ["ULM", " Ulm"], ["ULM", "Ulm"]),
        (("Yes", "yes"), ["YES", "Yes"], ["YES", "Yes"]),
        ((), [" a", "?"], ["a", ""]),
    ],
)
def test_cases_matter_but_for_booleans(
    known: tuple[str, ...], cells: list[str], expected: list[str]
) -> None:
    seen = CategoryRange(content="category", categories=known, missing=0.0)
    column = Input(
        name="c", datatype="BYTES", shape=(-1,), content="category", columns=("c",), seen=(seen,)
    )
    assert fitted_reader(column, 0).read(pl.Series(cells)).array.tolist() == expected
