"""A run never harms its source: every file keeps its bytes, its name and its links."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from service.score.staging import check
from tests.conftest import ROOT
from tests.score.conftest import Score
from tests.score.process import await_parts, command, ended
from tests.score.shapes import FILES, FOLDERS, RAY, Shape, file, linked
from tests.score.sources import pictures, table


def tree(root: Path) -> dict[str, object]:
    """Everything below a folder by name: a link's place, a file's inode and bytes."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = path.readlink()
        elif path.is_file():
            found[name] = (path.stat().st_ino, path.read_bytes())
        else:
            found[name] = None
    return found


@pytest.mark.parametrize("option", [(), ("--overwrite",)], ids=["", "overwrite"])
@pytest.mark.parametrize(
    ("shape", "ray"),
    [
        pytest.param(shape, ray, id=f"{kind}: {name}")
        for kind, shapes, ray in [
            ("file", FILES, ()), ("folder", FOLDERS, ()), ("ray", RAY, ("--ray",)),
        ]
        for name, shape in shapes.items()
    ],
)  # fmt: skip
def test_a_target_that_overlaps_its_source_is_refused_and_nothing_changes(
    shape: Shape, ray: tuple[str, ...], option: tuple[str, ...], score: Score, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    source, target = shape(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    assert score(source, target, *ray, *option) == 1
    said = capsys.readouterr().err
    (line,) = (one for one in said.splitlines() if "were left out" not in one)
    assert line.startswith("error: ")
    assert any(w in said for w in ("are the same", "lies inside", "overlap", "is the source")), said
    assert tree(tmp_path) == before


@pytest.mark.parametrize("ray", [(), ("--ray",)], ids=["", "ray"])
def test_the_command_line_refuses_a_source_as_its_target(
    ray: tuple[str, ...], models: Path, tmp_path: Path
) -> None:
    source = file(tmp_path / "x.parquet")
    before = tree(tmp_path)
    process = command(models, source, source, "--overwrite", *ray)
    said = ended(process)
    assert process.returncode == 1
    assert said == f"error: {source} and the source {source} are the same; name another target\n"
    assert tree(tmp_path) == before


Places = Callable[[Path, Path], None]


def _target_links(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    target.symlink_to(source)


def _target_is_hard_link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    target.hardlink_to(source)


def _source_links_to_target(source: Path, target: Path) -> None:
    source.replace(target)
    source.symlink_to(target)


def _source_moves_to_target(source: Path, target: Path) -> None:
    source.replace(target)


def _parts_link_to_source(source: Path, target: Path) -> None:
    parts = target.with_name("out.parquet.parts")
    parts.rename(target.with_name("aside"))
    for number in range(10):
        (source.parent / f"part-{number:08}.parquet").hardlink_to(source)
    parts.symlink_to(source.parent)


@pytest.mark.thorough
@pytest.mark.parametrize("option", [(), ("--overwrite",)], ids=["", "overwrite"])
@pytest.mark.parametrize(
    "meanwhile",
    [
        _target_links, _target_is_hard_link, _source_links_to_target, _source_moves_to_target,
        _parts_link_to_source,
    ],
)  # fmt: skip
def test_a_link_made_during_a_run_ends_it(
    meanwhile: Places, option: tuple[str, ...], models: Path, tmp_path: Path
) -> None:
    (tmp_path / "d").mkdir()
    source = table(tmp_path / "d" / "in.parquet", pictures(3000))
    target = tmp_path / "out.parquet"
    if option:
        target.write_bytes(b"old")
    content = source.read_bytes()
    process = command(models, source, target, "--batch-rows", 16, "--threads", 1, *option)
    await_parts(process, tmp_path / "out.parquet.parts", 5)
    process.send_signal(signal.SIGSTOP)
    meanwhile(source, target)
    places = [p for p in (tmp_path / "d").iterdir() if p.exists()] or [target]
    process.send_signal(signal.SIGCONT)
    said = ended(process)
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith("error: ")
    assert [place.read_bytes() == content for place in places] == [True] * len(places)


@pytest.mark.parametrize("hard", [False, True])
def test_links_put_among_the_parts_do_no_harm(hard: bool, models: Path, tmp_path: Path) -> None:
    source = table(tmp_path / "in.parquet", pictures(3000))
    target, parts = tmp_path / "out.parquet", tmp_path / "out.parquet.parts"
    content = source.read_bytes()
    process = command(models, source, target, "--batch-rows", 16, "--threads", 1)
    await_parts(process, parts, 5)
    process.send_signal(signal.SIGSTOP)
    for name in ("part-00000180.parquet.tmp", "part-00000181.parquet", "joined.parquet.tmp"):
        linked(parts / name, source, hard=hard)
    process.send_signal(signal.SIGCONT)
    said = ended(process)
    assert source.read_bytes() == content
    if hard:  # a name of a part like any other
        assert process.returncode == 0, said
        assert pl.read_parquet(target)["id"].to_list() == list(range(3000))
    else:
        assert process.returncode == 1
        assert not target.exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_source_and_old_target(
    how: signal.Signals, models: Path, tmp_path: Path
) -> None:
    source = table(tmp_path / "in.parquet", pictures(3000))
    target = tmp_path / "out.parquet"
    target.write_bytes(b"old")
    content = source.read_bytes()
    process = command(models, source, target, "--batch-rows", 16, "--overwrite", "--threads", 1)
    await_parts(process, tmp_path / "out.parquet.parts", 5)
    process.send_signal(how)
    ended(process)
    assert process.returncode != 0
    assert source.read_bytes() == content
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize(
    "names", [("notes.txt",), ("part-00000000.parquet",), ("state.json", "part-0-a.parquet")]
)
def test_a_folder_that_no_run_made_is_left_alone(
    names: tuple[str, ...], score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = file(tmp_path / "in.parquet")
    for name in names:
        file(tmp_path / "out.parquet.parts" / name)
    before = tree(tmp_path)
    assert score(source, tmp_path / "out.parquet", "--overwrite") == 1
    said = capsys.readouterr().err
    assert f"out.parquet.parts holds {names[-1]}, which no run has written; move it or" in said
    assert tree(tmp_path) == before


def test_a_full_disk_is_one_sentence_and_keeps_source_and_target(
    models: Path, tmp_path: Path
) -> None:
    source = table(tmp_path / "in.parquet", pictures(3000))
    target = tmp_path / "out.parquet"
    target.write_bytes(b"old")
    content = source.read_bytes()
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000));"
        "from service.score.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, source, target, "--overwrite"],
        cwd=ROOT, env={**os.environ, "ROSENBLATT_MODELS_DIR": str(models),
                       "ROSENBLATT_DEFAULT_MODEL": "alpha", "ROSENBLATT_PROVIDER": "cpu"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "part-00000000.parquet cannot be written: " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert source.read_bytes() == content
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("in", "s3://bucket/in"), ("s3://bucket/x", "x"), ("s3://bucket/x", "s3://bucket/xy"),
        ("s3://bucket/x", "s3://other/x"), ("abfss://a@host/x", "abfss://b@host/x"),
    ],
)  # fmt: skip
def test_other_addresses_do_not_overlap(
    source: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check(source, target, overwrite=True)
