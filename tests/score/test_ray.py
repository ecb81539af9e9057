"""Ray Data, a cluster of this process's own. `pip install --group ray` makes these run."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from service.errors import InvalidError, StartupError
from service.score import ray as on_ray
from tests.score.conftest import Score
from tests.score.sources import pictures, png, table

IMAGES = pictures(500)


def test_without_ray_one_sentence_says_how_to_get_it(
    score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, "ray", None)
    source = table(tmp_path / "in.parquet", IMAGES)
    assert score(source, tmp_path / "out", "--ray") == 1
    assert "error: --ray needs Ray Data; install the group" in capsys.readouterr().err


def test_the_services_own_error_is_found_in_rays() -> None:
    text = "traceback\n  of a worker\nservice.errors.InvalidError: row 3 is null\n\nTo retry, ..."
    found = on_ray._own(RuntimeError(text))
    assert type(found) is InvalidError
    assert str(found) == "row 3 is null"
    unknown = on_ray._own(RuntimeError("line\nthe node died"))
    assert isinstance(unknown, StartupError)
    assert str(unknown) == "Ray failed: the node died; see its logs"


def test_a_row_is_named_by_its_first_column() -> None:
    kept = pl.DataFrame({"id": [7, 8]})
    assert on_ray._where(kept, 1, "image", "s3://b/x") == (
        'the row of s3://b/x with id 8, column "image",'
    )
    assert "place 1" in on_ray._where(pl.DataFrame(), 1, "image", "x")


@pytest.mark.filterwarnings("default")  # of Ray itself
@pytest.mark.slow
def test_rows_equal_those_of_the_local_path(
    score: Score, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ray = pytest.importorskip("ray", reason="needs the optional group: pip install --group ray")
    source = table(tmp_path / "in.parquet", IMAGES, row_group_size=100)
    root = tmp_path / "images"
    root.mkdir()
    for i, image in enumerate(IMAGES[:20]):
        (root / f"{i:03}.png").write_bytes(png(image))
    bad = tmp_path / "bad.parquet"
    pl.DataFrame({"id": [1, 2], "image": [png(IMAGES[0]), b"x"]}).write_parquet(bad)
    try:
        for i, (given, key, options) in enumerate(
            [(source, "id", ()), (root, "path", ()), (bad, "id", ("--on-error", "null"))]
        ):
            here, there = tmp_path / f"{i}.parquet", tmp_path / f"{i}"
            assert score(given, here, *options) == 0
            assert score(given, there, "--ray", "--batch-rows", 64, *options) == 0
            expected, found = pl.read_parquet(here), pl.read_parquet(there / "*.parquet")
            assert found.columns == expected.columns
            probabilities = pl.col("probabilities").cast(pl.List(pl.Float32))
            without = pl.exclude("error")
            assert_frame_equal(
                found.sort(key).with_columns(probabilities).select(without),
                expected.sort(key).with_columns(probabilities).select(without),
                abs_tol=1e-6,
            )
            assert "error" not in found or found["error"].null_count() == len(found) - 1
        assert score(source, tmp_path / "0", "--ray") == 1
        assert "exists already; name another folder" in capsys.readouterr().err
        capsys.readouterr()
        assert score(bad, tmp_path / "bad", "--ray") == 1
        said = capsys.readouterr().err
        assert f'error: the row of {bad} with id 2, column "image", holds 1 bytes' in said
        assert score(tmp_path / "none", tmp_path / "o", "--ray") == 1
    finally:
        ray.shutdown()
