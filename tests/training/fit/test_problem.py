"""A file becomes features, a target, and rows that belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.training.fit import tables
from training.errors import FitError
from training.fit.options import Options, default_name
from training.fit.problem import Problem
from training.fit.tables.read import read_problem


def read(folder: Path, text: str, target: str = "y", **given: Any) -> Problem:
    path = folder / "t.csv"
    path.write_text(text)
    return read_problem(Options(path, target, "made", **given))


def text(columns: str, row: Any, n: int = 60) -> str:
    return "\n".join([columns, *(row(i) for i in range(n))]) + "\n"


def test_columns_become_numbers_and_categories(tmp_path: Path) -> None:
    problem = tables.problem(tmp_path, "binary")
    columns = problem.rows
    assert columns.number_names == ("age", "income", "member")
    assert columns.category_names == ("city", "label")
    assert problem.labels == ("no", "yes")
    assert np.isnan(columns.numbers[0, 0])
    assert columns.codes[0, 0] == -1
    assert columns.categories[0][:4] == ("Bern", "Genf", "Köln", "Ulm")


def test_zero_and_one_are_numbers_and_yes_and_no_are_categories(tmp_path: Path) -> None:
    problem = read(
        tmp_path,
        text("flag,said,x,y", lambda i: f"{i % 2},{'yes' if i % 3 else 'no'},{i / 7},{i % 2}"),
    )
    assert problem.rows.number_names == ("flag", "x")
    assert problem.rows.category_names == ("said",)


def test_a_parquet_file_has_booleans_and_gaps(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    smoker = [None if i % 9 == 0 else i % 2 == 0 for i in range(60)]
    x = [None if i % 7 == 0 else i / 3 for i in range(60)]
    pl.DataFrame({"smoker": smoker, "x": x, "y": [i % 2 for i in range(60)]}).write_parquet(path)
    problem = read_problem(Options(path, "y", "made"))
    assert problem.rows.category_names == ("smoker",)
    assert problem.rows.categories[0][:2] == ("false", "true")
    assert (problem.rows.codes[::9, 0] == -1).all()
    assert np.isnan(problem.rows.numbers[::7, 0]).all()


def test_rows_without_a_target_are_counted_and_left_out(tmp_path: Path) -> None:
    problem = read(tmp_path, text("x,y", lambda i: f"{i / 7},{'' if i < 5 else i % 2}", 70))
    assert problem.unlabelled == 5
    assert len(problem) == 65


def test_columns_that_hold_nothing_to_learn_are_named_with_the_reason(tmp_path: Path) -> None:
    problem = read(
        tmp_path,
        text("id,same,day,x,y", lambda i: f"{i},1,2024-01-{i % 28 + 1:02},{i % 7},{i % 2}"),
    )
    assert problem.rows.names == ("x",)
    assert problem.left_out == {
        "id": "it looks like an identifier",
        "same": "it is constant",
        "day": "dates are not learnt from; add columns such as month or age in days",
    }


def test_an_identifier_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    given = text("id,x,y", lambda i: f"{i},{i % 7},{i % 2}")
    assert "id" in read(tmp_path, given, keep=("id",)).rows.names


def test_twins_have_one_number_and_groups_join_them(tmp_path: Path) -> None:
    given = text("x,who,y", lambda i: f"{i % 30},w{i % 15},{(i // 2) % 2}")
    problem = read(tmp_path, given, groups=("who",))
    assert problem.repeated == 30
    assert problem.rows.names == ("x",)
    assert problem.left_out == {"who": "--group names it"}
    # Row 0 and row 30 are twins, and i % 15 is equal for them: fifteen groups remain.
    assert len(np.unique(problem.groups)) == 15


def test_a_time_column_is_put_in_order(tmp_path: Path) -> None:
    given = text("when,x,y", lambda i: f"20{10 + i % 10}-05-01,{i / 7},{i % 2}")
    problem = read(tmp_path, given, time="when")
    assert problem.time is not None
    assert list(np.argsort(problem.time[:10])) == list(range(10))
    assert problem.left_out == {"when": "--time names it"}


def test_numbers_are_read_in_single_precision_and_infinity_is_missing(tmp_path: Path) -> None:
    problem = read(tmp_path, text("x,y", lambda i: f"{'inf' if i == 3 else i + 0.1},{i % 2}"))
    assert problem.rows.numbers.dtype == np.float32
    assert np.isnan(problem.rows.numbers[3, 0])


@pytest.mark.parametrize(
    ("columns", "row", "given", "message"),
    [
        ("x,y", lambda i: f"{i / 7},{i % 2}", {"target": "z"}, 'target "z" is not a column'),
        ("x,y", lambda i: f"{i / 7},{i % 2}", {"drop": ("q",)}, "--drop 'q' is not a column"),
        ("x,y", lambda i: f"{i},{i % 2}", {"drop": ("x",)}, "no column is left to learn from"),
        ("x,y", lambda i: f"{i},{'a' if i else 'b'}", {}, "class 'b' of 'y' has 1 rows"),
        ("x,y", lambda i: f"{i},t{i % 2}", {"task": "regression"}, "a regression needs numbers"),
        ("x,y", lambda i: f"{i % 5},{i * 1.5}", {"task": "classification"}, "has 1 rows"),
        ("t,x,y", lambda i: f"{'ab'[i % 2]},{i / 7},{i % 2}", {"time": "t"}, "order is not clear"),
        (
            "t,x,y",
            lambda i: f"{i if i else ''},{i / 7},{i % 2}",
            {"time": "t"},
            "missing in 1 rows",
        ),
    ],
)
def test_what_cannot_be_learnt_is_refused(
    tmp_path: Path, columns: str, row: Any, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(FitError, match=message):
        read(tmp_path, text(columns, row), **given)


def test_columns_without_a_value_among_the_labelled_rows_are_left_out(tmp_path: Path) -> None:
    given = text(
        "x,late,word,y",
        lambda i: (
            f"{i / 7},{'' if i > 9 else i},{'' if i > 9 else 'ab'[i % 2]},{'' if i < 10 else i % 2}"
        ),
        80,
    )
    problem = read(tmp_path, given)
    assert problem.rows.names == ("x",)
    why = "no row with a target has a value in it"
    assert problem.left_out == {"late": why, "word": why}


def test_a_text_that_is_empty_in_all_labelled_rows_is_refused(tmp_path: Path) -> None:
    given = text(
        "said,y", lambda i: f"{f'words of row {i} and more' if i < 10 else ''},"
        f"{'' if i < 10 else i % 2}", 80,
    )  # fmt: skip
    path = tmp_path / "t.csv"
    path.write_text(given)
    with pytest.raises(FitError, match="'said' is empty in every row with a target"):
        read_problem(Options(path, "y", "made", text="said"))


@pytest.mark.parametrize("option", ["groups", "time", "text", "target"])
def test_a_nested_column_is_refused_by_every_option(tmp_path: Path, option: str) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame(
        {"tags": [[i] for i in range(60)], "x": range(60), "y": [0, 1] * 30}
    ).write_parquet(path)
    value: Any = ("tags",) if option == "groups" else "tags"
    named = "--group" if option == "groups" else f"--{option}"
    with pytest.raises(FitError, match=f"{named} 'tags' holds nested or binary values"):
        read_problem(Options(**{"file": path, "target": "y", "name": "made", option: value}))


def test_numbers_as_classes_are_spelled_exactly(tmp_path: Path) -> None:
    values = (48.856614, 48.856615, -0.0, 7.0, 1e6, 0.1)
    given = text("x,y", lambda i: f"{i / 7},{values[i % 6]!r}")
    problem = read(tmp_path, given, task="classification")
    assert problem.labels == ("0", "0.1", "7", "48.856614", "48.856615", "1000000")


def test_zero_and_one_may_be_the_numbers_of_a_regression(tmp_path: Path) -> None:
    problem = read(tmp_path, text("x,y", lambda i: f"{i / 7},{i % 2}"), task="regression")
    assert problem.labels == ()
    assert problem.target[:4].tolist() == [0.0, 1.0, 0.0, 1.0]


@pytest.mark.parametrize("task", [None, "classification", "regression"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "target 'y' is empty: no row has a value in it"),
        ("NA", "target 'y' is empty: no row has a value in it"),
        ("5", "target 'y' is constant: it holds only '5'"),
        ("yes", "target 'y' is constant: it holds only 'yes'"),
    ],
)
def test_a_target_that_does_not_vary_is_refused(
    tmp_path: Path, task: Any, value: str, message: str
) -> None:
    with pytest.raises(FitError, match=message):
        read(tmp_path, text("x,y", lambda i: f"{i / 7},{value}"), task=task)
    if value not in ("", "NA"):  # with gaps it is no constant column, but still one value
        with pytest.raises(FitError, match=message):
            read(tmp_path, text("x,y", lambda i: f"{i / 7},{value if i % 9 else ''}"), task=task)


def test_few_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FitError, match=r"has 20 rows with a target; at least 50"):
        read(tmp_path, text("x,y", lambda i: f"{i},{i % 2}", 20))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FitError, match=r"none\.csv cannot be read: No such file"):
        read_problem(Options(tmp_path / "none.csv", "y", "made"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "Two Words"}, "--name 'Two Words' must be"),
        ({"budget": 1.0}, "--budget 1 must be at least 5"),
        ({"explain": "maybe"}, "--explain 'maybe' must be one of"),
        ({"latency_ms": 0.0}, "--latency-ms 0 must be above 0"),
        ({"keep": ("a",), "drop": ("a",)}, "column 'a' is in --keep and in --drop"),
    ],
)
def test_options_are_checked(given: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        Options(**{"file": Path("t.csv"), "target": "y", "name": "made", **given})


@pytest.mark.parametrize(
    ("file", "name"),
    [("Churn 2024.csv.gz", "churn-2024"), ("___.csv", "model"), ("Größe.csv", "gr-e")],
)
def test_a_file_names_the_model(file: str, name: str) -> None:
    assert default_name(Path(file)) == name
