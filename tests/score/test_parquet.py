from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.score.conftest import Score
from tests.score.sources import expected, flat, pictures, png, table

IMAGES = pictures(300)


def test_rows_keep_their_keys_and_get_the_models_answers(
    score: Score, models: Path, tmp_path: Path
) -> None:
    source = table(tmp_path / "in.parquet", IMAGES, row_group_size=70)
    assert score(source, tmp_path / "out.parquet", "--batch-rows", 128) == 0
    out = pl.read_parquet(tmp_path / "out.parquet")
    label, probabilities = expected(models, IMAGES)
    assert out.columns == ["id", "note", "label", "probabilities", "model", "version"]
    assert out.schema["probabilities"] == pl.Array(pl.Float32, 10)
    assert out["id"].to_list() == list(range(300))
    assert out["label"].to_list() == label
    np.testing.assert_allclose(out["probabilities"].to_numpy(), probabilities, atol=1e-6)
    assert set(out["model"]) == {"alpha"}
    assert set(out["version"]) == {"1"}
    assert not (tmp_path / "out.parquet.parts").exists()


FORMS: dict[str, Any] = {
    "array of 784": flat(IMAGES),
    "list of 784": flat(IMAGES).cast(pl.List(pl.UInt8)),
    "list of 64-bit integers": flat(IMAGES).cast(pl.List(pl.Int64)),
    "array 28x28": pl.Series(IMAGES, dtype=pl.Array(pl.UInt8, (28, 28))),
    "lists of lists": pl.Series(IMAGES.tolist(), dtype=pl.List(pl.List(pl.UInt8))),
    "PNG": pl.Series([png(image) for image in IMAGES]),
    "struct of bytes and path": pl.Series([{"bytes": png(i), "path": "x"} for i in IMAGES]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_column_gives_the_same_rows(
    form: str, score: Score, models: Path, tmp_path: Path
) -> None:
    frame = pl.DataFrame({"id": range(len(IMAGES)), "digit": FORMS[form]})
    frame.write_parquet(tmp_path / "in.parquet")
    assert score(tmp_path / "in.parquet", tmp_path / "out.parquet") == 0
    assert (
        pl.read_parquet(tmp_path / "out.parquet")["label"].to_list() == expected(models, IMAGES)[0]
    )


def test_jpegs_are_scored_as_pillow_reads_them(score: Score, tmp_path: Path) -> None:
    pl.DataFrame({"image": [png(IMAGES[0], "JPEG")]}).write_parquet(tmp_path / "in.parquet")
    assert score(tmp_path / "in.parquet", tmp_path / "out.parquet", "--quiet") == 0
    assert pl.read_parquet(tmp_path / "out.parquet").height == 1


def test_neither_threads_nor_batches_change_a_row(score: Score, tmp_path: Path) -> None:
    source = table(tmp_path / "in.parquet", pictures(700))
    frames = []
    for i, (threads, rows) in enumerate([(1, 512), (3, 256), (2, 1024)]):
        target = tmp_path / f"{i}.parquet"
        assert score(source, target, "--threads", threads, "--batch-rows", rows) == 0
        frames.append(pl.read_parquet(target))
    assert_frame_equal(frames[0], frames[1], check_exact=True)
    assert_frame_equal(frames[0], frames[2], check_exact=True)


def test_a_source_without_rows_gives_the_columns(score: Score, tmp_path: Path) -> None:
    source = table(tmp_path / "in.parquet", IMAGES[:0])
    assert score(source, tmp_path / "out.parquet", "--on-error", "null") == 0
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out.height == 0
    assert out.schema["probabilities"] == pl.Array(pl.Float32, 10)


def test_a_model_and_a_version_can_be_named(score: Score, models: Path, tmp_path: Path) -> None:
    source = table(tmp_path / "in.parquet", IMAGES)
    assert score(source, tmp_path / "10.parquet", "--model", "beta") == 0
    assert score(source, tmp_path / "2.parquet", "--model", "beta", "--version", "2") == 0
    newest, older = (pl.read_parquet(tmp_path / f"{v}.parquet") for v in ("10", "2"))
    assert newest["label"].to_list() == expected(models, IMAGES, "beta")[0]
    assert set(newest["version"]) == {"10"}
    assert set(older["version"]) == {"2"}
    assert newest["label"].to_list() != older["label"].to_list()


def test_a_prefix_keeps_the_sources_own_label(score: Score, tmp_path: Path) -> None:
    frame = pl.DataFrame({"label": [7], "image": flat(IMAGES[:1])})
    frame.write_parquet(tmp_path / "in.parquet")
    assert score(tmp_path / "in.parquet", tmp_path / "out.parquet", "--prefix", "my_") == 0
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out.columns == ["label", "my_label", "my_probabilities", "my_model", "my_version"]
    assert out["label"].to_list() == [7]


BAD: dict[str, tuple[Any, str]] = {
    "null": (None, "is null; it must hold an image"),
    "short list": ([1] * 783, "holds 783 values; it must be 28 rows of 28 integers, or 784"),
    "empty list": ([], "holds 0 values"),
    "a null pixel": ([None] + [1] * 783, "holds null; a pixel is an integer from 0 to 255"),
    "too large": ([256] + [1] * 783, "holds 256; a pixel is an integer from 0 to 255"),
    "negative": ([1] * 783 + [-1], "holds -1; a pixel is an integer from 0 to 255"),
    "no picture": (b"abc", "holds 3 bytes that are not a readable PNG or JPEG"),
    "cut short": (png(IMAGES[0])[:200], "is a broken picture: "),
    "other size": (png(IMAGES[0][:7]), "is 28x7 pixels; the model takes 28x28; resize it"),
    "colour": (png(np.full((28, 28, 3), (9, 0, 0), np.uint8)), "is in colour"),
    "too long": (b"x" * 5_000_000, "holds more than 4,194,304 bytes, the limit of ROSENBLATT_MAX"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_image_ends_the_run_or_is_null_with_its_reason(
    name: str, score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cell, sentence = BAD[name]
    good: Any = png(IMAGES[1]) if isinstance(cell, bytes) else [5] * 784
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    dtype = pl.Binary if isinstance(good, bytes) else pl.List(pl.Int16)
    pl.DataFrame(
        {"id": [1, 2, 3], "image": pl.Series([good, cell, good], dtype=dtype)}
    ).write_parquet(source)

    assert score(source, target) == 1
    said = capsys.readouterr().err
    assert f'error: row 1 of {source}, column "image", {sentence}' in said
    assert len(said.splitlines()) == 1
    assert not target.exists()

    assert score(source, target, "--on-error", "null", "--batch-rows", 2) == 0
    assert "1 without an answer" in capsys.readouterr().err
    out = pl.read_parquet(target)
    assert out["label"].is_null().to_list() == [False, True, False]
    assert out["probabilities"].is_null().to_list() == [False, True, False]
    assert sentence in out["error"][1]
    assert out["error"].null_count() == 2


def test_ragged_rows_are_refused(
    score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [[1] * 28] * 27 + [[1] * 27]
    pl.DataFrame({"image": [rows]}, schema={"image": pl.List(pl.List(pl.UInt8))}).write_parquet(
        tmp_path / "in.parquet"
    )
    assert score(tmp_path / "in.parquet", tmp_path / "out.parquet") == 1
    assert 'column "image", is ragged; it must be 28 rows' in capsys.readouterr().err
