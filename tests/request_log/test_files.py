"""The ring of files: private, bounded, whole lines."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from service.errors import StartupError
from service.request_log.files import FILES, Files, check_folder, files_for
from service.settings import Settings
from tests.faults import fault

MIB = 2**20


def lines_of(folder: Path) -> list[bytes]:
    return [line for path in sorted(folder.iterdir()) for line in path.read_bytes().splitlines()]


def test_lines_are_appended_in_private_files(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "log"
    files = Files(folder, MIB)
    for i in range(3):
        files.write(b"%d\n" % i)
    (path,) = folder.iterdir()
    assert path.read_bytes() == b"0\n1\n2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_folder_never_holds_more_than_the_limit(tmp_path: Path) -> None:
    """Of two processes, and with files that others left; the newest lines stay."""
    (tmp_path / "notes.txt").write_text("not ours")
    ours, theirs = Files(tmp_path, MIB), Files(tmp_path, MIB)
    line = b"x" * 9_999 + b"\n"
    for _ in range(150):
        ours.write(line)
        theirs.write(line)
        logs = list(tmp_path.glob("*.jsonl"))
        assert len(logs) <= FILES
        assert sum(path.stat().st_size for path in logs) <= MIB
    ours.write(b"the last one\n")
    assert b"the last one" in lines_of(tmp_path)
    assert (tmp_path / "notes.txt").exists()


def test_each_of_many_workers_keeps_its_file(tmp_path: Path) -> None:
    """More than 32: none deletes the file that another writes to."""
    workers = 40
    all_ = [Files(tmp_path, 4 * MIB, files_for(workers)) for _ in range(workers)]
    for number in range(3):
        for files in all_:
            files.write(b"%d\n" % number)
    written = sorted(lines_of(tmp_path))
    assert written == sorted(b"%d" % number for number in range(3) for _ in all_)
    assert len(list(tmp_path.iterdir())) == workers


def test_the_limit_holds_after_the_number_of_workers_was_changed(tmp_path: Path) -> None:
    few, many = Files(tmp_path, MIB, files_for(1)), Files(tmp_path, MIB, files_for(100))
    for files in (few, many, few):
        line = b"x" * (files.longest - 1) + b"\n"
        for _ in range(250):
            files.write(line)
            assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= MIB


def test_a_file_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    files = Files(tmp_path, MIB)
    files.write(b"lost\n")
    next(tmp_path.iterdir()).unlink()
    files.write(b"kept\n")
    assert lines_of(tmp_path) == [b"kept"]


def test_a_folder_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    files = Files(folder, MIB)
    files.write(b"lost\n")
    next(folder.iterdir()).unlink()
    folder.rmdir()
    files.write(b"kept\n")
    assert lines_of(folder) == [b"kept"]


@fault("no-resources")
def test_a_folder_where_no_file_can_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(request_log_dir=tmp_path / "file" / "log")
    with pytest.raises(StartupError, match=r"ROSENBLATT_REQUEST_LOG_DIR is .* no file can be made"):
        check_folder(settings)


def test_a_good_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    check_folder(Settings(request_log_dir=tmp_path / "a" / "b"))
    assert list((tmp_path / "a" / "b").iterdir()) == []
    check_folder(Settings())
