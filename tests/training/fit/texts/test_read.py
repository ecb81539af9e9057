"""When a file is a problem of text, and what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.fit.texts import reviews
from training.errors import FitError
from training.fit.plan import lines
from training.fit.problem import Problem
from training.fit.run import prepare
from training.fit.splits import by_groups
from training.fit.tables.kind import TableKind
from training.fit.tables.read import read_problem
from training.fit.texts.kind import TextKind


def read(folder: Path, extra: dict[str, Any], **given: Any) -> Problem:
    """Reviews with more columns: name -> value of row i."""
    rows = reviews.reviews("binary")
    for i, row in enumerate(rows):
        row.update({name: value(i, row) for name, value in extra.items()})
    return read_problem(reviews.options(reviews.write(folder / "t.csv", rows), **given))


COUNT = {"stars": lambda i, row: i * 37 % 11}


def test_text_alone_is_learnt_from(tmp_path: Path) -> None:
    problem = read(tmp_path, {"id": lambda i, row: i + 1, "constant": lambda i, row: "x"})
    assert isinstance(problem.kind, TextKind)
    assert problem.rows.column == "text"
    assert set(problem.left_out) == {"id", "constant"}
    assert problem.rows.texts[0] == ""


def test_beside_other_columns_text_is_left_out_with_the_way_to_use_it(tmp_path: Path) -> None:
    problem = read(tmp_path, COUNT)
    assert isinstance(problem.kind, TableKind)
    assert "--text learns from it alone" in problem.left_out["text"]


def test_text_can_be_chosen(tmp_path: Path) -> None:
    problem = read(tmp_path, COUNT, text="text")
    assert isinstance(problem.kind, TextKind)
    assert problem.left_out == {"stars": "a model of text learns from the text alone"}


def test_two_columns_of_text_need_a_choice(tmp_path: Path) -> None:
    more = {"comment": lambda i, row: row["text"][::-1]}
    with pytest.raises(FitError, match=r"'text', 'comment' hold free text.*--text"):
        read(tmp_path, more)
    assert read(tmp_path, more, text="comment").rows.column == "comment"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"text": "stars"}, "--text 'stars' holds numbers"),
        ({"text": "target"}, "--text 'target' is the target"),
        ({"text": "text", "drop": ("text",)}, "--text 'text' is named by --drop too"),
        ({"text": "absent"}, "--text 'absent' is not a column"),
    ],
)
def test_a_column_that_cannot_be_the_text_is_refused(
    tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(FitError, match=message):
        read(tmp_path, COUNT, **given)


def test_texts_that_differ_in_case_and_marks_are_twins(tmp_path: Path) -> None:
    problem = read(tmp_path, {})
    assert problem.twins[1] == problem.twins[2] == problem.twins[3]
    for split in by_groups(problem.groups, problem.target, 0, discrete=True):
        test = set(problem.twins[split.test])
        assert not test & set(problem.twins[np.concatenate([split.train, split.validation])])


def test_the_plan_names_the_text(tmp_path: Path) -> None:
    path = reviews.write(tmp_path / "t.csv", reviews.reviews("binary"))
    options = reviews.options(path)
    said = " ".join(lines(prepare(options), options))
    assert "from the text 'text' of 240 rows" in said
    assert "tfidf" in said
