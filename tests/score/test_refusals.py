from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.score.conftest import Score
from tests.score.sources import flat, pictures, png, table

IMAGES = pictures(4)
FLAT = flat(IMAGES)


WHAT = "images (PNG or JPEG bytes, or lists of 784 integers)"
REFUSED: list[tuple[dict[str, Any], tuple[str, ...], str]] = [
    ({"id": [1]}, (), f'has no column of {WHAT}; its columns are "id"'),
    ({"a": FLAT, "b": FLAT}, (), f'has 2 columns of {WHAT}: "a", "b"; name one with --column'),
    ({"a": FLAT}, ("--column", "c"), 'has no column "c"; --column may name "a"'),
    ({"a": FLAT, "x": [1.5] * 4}, ("--column", "x"), "is of type Float64, which cannot hold"),
    ({"a": FLAT, "model": [1] * 4}, (), 'column "model" of the source has the name of a column'),
    ({"a": FLAT}, ("--model", "gamma"), "model 'gamma' is unknown; choose from alpha, beta"),
    ({"a": FLAT}, ("--version", "9"), "model 'alpha' has no version '9'; it has 1"),
]


@pytest.mark.parametrize(("columns", "options", "sentence"), REFUSED)  # fmt: skip
def test_one_sentence_says_what_is_wrong(
    columns: dict[str, Any], options: tuple[str, ...], sentence: str, score: Score,
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pl.DataFrame(columns).write_parquet(tmp_path / "in.parquet")
    assert score(tmp_path / "in.parquet", tmp_path / "out.parquet", *options) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.parquet"]


def test_a_named_column_is_taken_among_several(score: Score, tmp_path: Path) -> None:
    pl.DataFrame({"a": FLAT, "b": FLAT}).write_parquet(tmp_path / "in.parquet")
    assert score(tmp_path / "in.parquet", tmp_path / "out.parquet", "--column", "b") == 0
    assert pl.read_parquet(tmp_path / "out.parquet").columns[0] == "a"


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"id,image\n1,2\n", b"PAR1" + b"\xff" * 90 + b"PAR1"]
)
def test_no_parquet_file(
    content: bytes, score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.parquet").write_bytes(content)
    assert score(tmp_path / "in.parquet", tmp_path / "out.parquet") == 1
    assert (
        f"error: {tmp_path / 'in.parquet'} cannot be read as Parquet: " in capsys.readouterr().err
    )


def test_a_broken_page_ends_the_run_and_leaves_no_target(
    score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = table(tmp_path / "in.parquet", pictures(2000), row_group_size=500)
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 5000] = b"\x00" * 5000
    source.write_bytes(bytes(data))
    assert score(source, tmp_path / "out.parquet", "--batch-rows", 500) == 1
    assert f"{source} cannot be read as Parquet" in capsys.readouterr().err
    assert not (tmp_path / "out.parquet").exists()


def test_places_that_cannot_be(
    score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = table(tmp_path / "in.parquet", IMAGES)
    (tmp_path / "taken.parquet").write_bytes(b"mine")
    for arguments, sentence in [
        (
            (tmp_path / "none", tmp_path / "o"),
            "none does not exist; name a Parquet or CSV file, or a folder",
        ),
        ((source, tmp_path), "is a folder; name a file to write"),
        ((source, tmp_path / "taken.parquet"), "exists already; replace it with --overwrite"),
        (
            (source, tmp_path / "taken.parquet" / "x"),
            "x.parts cannot be made: Not a directory; name another",
        ),
        ((tmp_path, tmp_path / "o", "--column", "a"), "is a folder, so there is no column"),
    ]:
        assert score(*arguments) == 1
        assert sentence in capsys.readouterr().err
    assert (tmp_path / "taken.parquet").read_bytes() == b"mine"
    assert score(source, tmp_path / "taken.parquet", "--overwrite") == 0
    assert pl.read_parquet(tmp_path / "taken.parquet").height == 4


@pytest.mark.parametrize(
    "options",
    [["--batch-rows", "0"], ["--threads", "x"], ["--on-error", "skip"], ["--address", "a"]],
)
def test_options_that_cannot_be(options: list[str], score: Score, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        score(tmp_path, tmp_path / "o", *options)
    assert caught.value.code == 2


def test_a_refused_model_is_said(
    score: Score, tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    import shutil

    from service.settings import settings

    broken = tmp_path / "models"
    shutil.copytree(models, broken)
    graph = broken / "alpha" / "1" / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    monkeypatch.setenv("ROSENBLATT_MODELS_DIR", str(broken))
    settings.cache_clear()
    source = table(tmp_path / "in.parquet", IMAGES)
    assert score(source, tmp_path / "out.parquet") == 1
    assert "has SHA-256" in capsys.readouterr().err


def test_a_folder_of_images(
    score: Score, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.score.sources import expected

    names = ["b/2.png", "a.jpg", "b/10.PNG", "c/d/e.jpeg"]
    root = tmp_path / "images"
    for name, image in zip(names, IMAGES, strict=True):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(image))
    (root / "read.me").write_text("x")
    (root / ".hidden.png").write_text("x")
    (root / ".git").mkdir()
    (root / ".git" / "x.png").write_text("x")
    (root / "linked").symlink_to(root / "b")
    assert score(root, tmp_path / "out.parquet", "--batch-rows", "3") == 0
    said = capsys.readouterr().err
    assert "1 files that are no .png, .jpg or .jpeg were left out" in said
    assert "1 linked folders were left out" in said
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out["path"].to_list() == sorted(names)
    label = dict(zip(names, expected(models, IMAGES)[0], strict=True))
    assert out["label"].to_list() == [label[name] for name in sorted(names)]


def test_a_bad_file_is_named(
    score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "images"
    root.mkdir()
    (root / "big.png").write_bytes(png(pictures(1)[0]) + b"\0" * 5_000_000)
    (root / "text.png").write_text("no")
    assert score(root, tmp_path / "out.parquet") == 1
    assert f"error: {root / 'big.png'} holds more than 4,194,304 bytes" in capsys.readouterr().err
    assert score(root, tmp_path / "out.parquet", "--on-error", "null") == 0
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out["label"].to_list() == [None, None]
    assert (
        out["error"][1] == f"{root / 'text.png'} holds 2 bytes that are not a readable PNG or JPEG"
    )


def test_files_that_cannot_be_read(
    score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "images"
    root.mkdir()
    (root / "gone.png").symlink_to(tmp_path / "nowhere")
    assert score(root, tmp_path / "out.parquet") == 1
    assert f"{root / 'gone.png'} cannot be read: No such file" in capsys.readouterr().err
    (root / "gone.png").rename(root / "a\nb.png")
    assert score(root, tmp_path / "out.parquet") == 1
    assert r"'a\nb.png' has a name that does not print; rename it" in capsys.readouterr().err
