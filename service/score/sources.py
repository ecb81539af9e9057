"""What is scored: a Parquet or CSV file or a folder of images, read a batch at a time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import polars as pl

from contract.messages import short
from service.errors import InvalidError, MalformedError, NotFoundError
from service.score.csv_source import CsvSource, separator_of
from service.score.problems import cell
from service.score.reading import digest_of, reading
from service.settings import Settings

SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})


class Source(Protocol):
    """Rows in a fixed order.

    Attributes:
        untyped: whether all columns are text, of which values are parsed.
        notes: what the user should know.
    """

    path: Path
    rows: int
    schema: Mapping[str, pl.DataType]
    untyped: bool
    notes: list[str]

    def fingerprint(self) -> str:
        """Changes when the source does; found without reading it all."""

    def read(self, start: int, rows: int) -> pl.DataFrame:
        """So many rows from `start`."""

    def where(self, row: int, column: str | None) -> str:
        """A cell, or a whole row, as the subject of a sentence."""

    def close(self) -> None:
        """Let files go."""


def source_of(path: Path, column: str | None, settings: Settings) -> Source:
    """The source at a path.

    Raises:
        NotFoundError: there is nothing.
        InvalidError: a column is named in a folder; a CSV file's records differ.
        MalformedError: no readable file.
    """
    if path.is_dir():
        if column is not None:
            raise InvalidError(f"{path} is a folder, so there is no column {short(column)} to name")
        return FolderSource(path, settings)
    if not path.exists():
        raise NotFoundError(
            f"{path} does not exist; name a Parquet or CSV file, or a folder of images"
        )
    return ParquetSource(path) if separator_of(path) is None else CsvSource(path, settings)


class ParquetSource:
    """A Parquet file. A read decodes no more than the row groups it touches, page by page."""

    untyped = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        with reading(path):
            self._scan = pl.scan_parquet(path, glob=False)
            self.schema: Mapping[str, pl.DataType] = self._scan.collect_schema()
            self.rows = int(self._scan.select(pl.len()).collect().item())

    def fingerprint(self) -> str:
        """Size, time of change and a digest of the footer, which locates and sizes every page."""
        return digest_of(self.path)

    def read(self, start: int, rows: int) -> pl.DataFrame:
        """So many rows from `start`.

        Raises:
            MalformedError: they cannot be read.
        """
        with reading(self.path):
            frame = self._scan.slice(start, rows).collect()
        if frame.height != rows:
            raise MalformedError(
                f"{self.path} gave {frame.height} rows from row {start} where its footer says "
                f"{rows}; write it again"
            )
        return frame

    def where(self, row: int, column: str | None) -> str:
        """Rows are counted from 0."""
        return cell(f"row {row} of {self.path}", column)

    def close(self) -> None:
        """Nothing is held open."""


class FolderSource:
    """The PNG and JPEG files below a folder, by their paths; hidden ones are left out."""

    untyped = False

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self._limit = settings.max_body_bytes
        found, others, links = walk(path)
        # Text of a frame takes a third of what a list of Python's takes.
        self._names = pl.Series("path", found, pl.String)
        self.rows = len(found)
        self.schema: Mapping[str, pl.DataType] = {"path": pl.String(), "image": pl.Binary()}
        self.notes = []
        if others:
            self.notes.append(f"{others} files that are no .png, .jpg or .jpeg were left out")
        if links:
            self.notes.append(f"{links} linked folders were left out; score them by name")

    def fingerprint(self) -> str:
        """Names, sizes and times of change of all files."""
        digest = hashlib.sha256()
        with reading(self.path):
            for name in self._names:
                status = os.stat(f"{self.path}/{name}")  # noqa: PTH116
                digest.update(f"{name}\0{status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def read(self, start: int, rows: int) -> pl.DataFrame:
        """So many files from `start`.

        Raises:
            MalformedError: one cannot be read.
        """
        names = self._names.slice(start, rows)
        files = []
        with reading(self.path):
            for name in names:
                with open(f"{self.path}/{name}", "rb", buffering=0) as file:  # noqa: PTH123
                    # One more than allowed tells that there is more.
                    files.append(file.read(self._limit + 1))
        return pl.DataFrame([names, pl.Series("image", files, pl.Binary)])

    def where(self, row: int, column: str | None) -> str:
        """By its path."""
        return str(self.path / self._names[row])

    def close(self) -> None:
        """Nothing is held open."""


def walk(root: Path) -> tuple[list[str], int, int]:
    """Paths of images below `root`, sorted; how many other visible files and linked folders are.

    Raises:
        InvalidError: a name that does not print.
        MalformedError: a folder cannot be read.
    """
    found, others, links = [], 0, 0
    for folder, folders, files in os.walk(root, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links += sum(Path(folder, name).is_symlink() for name in folders)
        for name in files:
            if name.startswith("."):
                continue
            if Path(name).suffix.lower() in SUFFIXES:
                found.append(os.path.relpath(f"{folder}/{name}", root).replace(os.sep, "/"))
            else:
                others += 1
    for name in found:
        if not name.isprintable():
            raise InvalidError(f"file {name!a} has a name that does not print; rename it")
    return sorted(found), others, links


def _raise(error: OSError) -> None:
    raise MalformedError(
        f"{error.filename} cannot be read: {error.strerror}; check its permissions"
    ) from error
