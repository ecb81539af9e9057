"""What Ray mode does without a cluster."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from service.errors import InvalidError, StartupError
from service.score import ray as on_ray
from service.score.cluster import translated
from tests.score.conftest import Score
from tests.score.sources import pictures, table


def test_without_ray_one_sentence_says_how_to_get_it(
    score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, "ray", None)
    source = table(tmp_path / "in.parquet", pictures(3))
    assert score(source, tmp_path / "out", "--ray") == 1
    assert "error: --ray needs Ray Data; install the group" in capsys.readouterr().err


def test_the_services_own_error_is_found_in_rays() -> None:
    text = "traceback\n  of a worker\nservice.errors.InvalidError: row 3 is null\n\nTo retry, ..."
    found = translated(RuntimeError(text))
    assert type(found) is InvalidError
    assert str(found) == "row 3 is null"
    unknown = translated(RuntimeError("line\nthe node died"))
    assert isinstance(unknown, StartupError)
    assert str(unknown) == "Ray failed: the node died; see its logs"


def test_a_row_is_named_by_its_first_column() -> None:
    kept = pl.DataFrame({"id": [7, 8]})
    assert on_ray._where(kept, 1, "image", "s3://b/x") == (
        'the row of s3://b/x with id 8, column "image",'
    )
    assert "place 1" in on_ray._where(pl.DataFrame(), 1, "image", "x")
