"""The folder that Ray writes appears whole or not at all, and takes nothing else with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from service.errors import InvalidError
from service.score.staging import check, local_path, staged
from tests.score.shapes import file, linked


def _run(
    source: Path,
    target: Path,
    overwrite: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """Write a file as Ray does; `meanwhile` happens before the run ends."""
    check(str(source), str(target), overwrite)
    with staged(str(source), str(target), overwrite) as place:
        (Path(place) / "new.parquet").write_bytes(b"new")
        meanwhile()


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return file(tmp_path / "d" / "in.parquet")


@pytest.mark.parametrize("place", ["out", "a/b/out", "empty", "link"])
def test_a_new_target_holds_what_was_written(place: str, source: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    linked(tmp_path / "link", tmp_path / "empty")
    _run(source, tmp_path / place)
    assert _names(tmp_path / place) == ["new.parquet"]
    assert not [path for path in tmp_path.rglob("*") if ".new-" in path.name]


def test_an_old_target_is_replaced_whole(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    file(target / "old.parquet")
    with pytest.raises(InvalidError, match="out exists already; name another folder, or replace"):
        _run(source, target)
    _run(source, target, overwrite=True)
    assert _names(target) == ["new.parquet"]
    assert _names(tmp_path) == ["d", "out"]


def test_an_error_leaves_the_old_target(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    file(target / "old.parquet")

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(source, target, True, interrupt)
    assert _names(target) == ["old.parquet"]
    assert _names(tmp_path) == ["d", "out"]


@pytest.mark.parametrize("name", ["notes.txt", "sub/x.parquet", "_SUCCESS"])
def test_other_files_in_the_target_are_not_removed(name: str, source: Path, tmp_path: Path) -> None:
    kept = file(tmp_path / "out" / name)
    with pytest.raises(InvalidError, match=r"out holds \w+\S*, which is no Parquet file; move it"):
        _run(source, tmp_path / "out", overwrite=True)
    assert kept.exists()


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_link_made_during_a_run_ends_it(
    overwrite: bool, hard: bool, source: Path, tmp_path: Path
) -> None:
    target, content = tmp_path / "out", source.read_bytes()
    with pytest.raises(InvalidError):
        _run(source, target, overwrite, lambda: linked(target / "old.parquet", source, hard=hard))
    assert source.read_bytes() == content
    assert _names(target) == ["old.parquet"]


def test_a_source_moved_into_the_target_keeps_its_bytes(source: Path, tmp_path: Path) -> None:
    target, content = tmp_path / "out", source.read_bytes()
    file(target / "old.parquet")

    def move() -> None:
        source.replace(target / "in.parquet")
        source.symlink_to(target / "in.parquet")

    with pytest.raises(InvalidError, match=r"are the same|lies inside"):
        _run(source, target, True, move)
    assert source.read_bytes() == content


def test_rows_of_no_file_give_an_empty_folder(source: Path, tmp_path: Path) -> None:
    with staged(str(source), str(tmp_path / "out"), overwrite=False) as place:
        Path(place).rmdir()  # as Ray does where it has written nothing
    assert _names(tmp_path / "out") == []


def test_a_place_that_cannot_be_made_is_said(source: Path, tmp_path: Path) -> None:
    other = file(tmp_path / "other.parquet")
    with pytest.raises(InvalidError, match="cannot be made: Not a directory; name another target"):
        _run(source, other / "x" / "out")


def test_addresses_of_this_machine() -> None:
    assert local_path("a/b") == Path("a/b")
    assert local_path("file:///a%20b/c") == Path("/a b/c")
    assert local_path("file://localhost/a") == Path("/a")
    assert local_path("local:///a") == Path("/a")
    assert local_path("s3://a/b") is None
