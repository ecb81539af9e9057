"""What is scored: a Parquet file or a folder of images, read a batch at a time from any row."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from contract.messages import short
from service.errors import InvalidError, MalformedError, NotFoundError
from service.score.columns import cells, image_column
from service.settings import Settings

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
_FOOTER = 64 * 2**10


@dataclass(frozen=True)
class Batch:
    """Rows from `start`: kept, the columns that stay; cells, the images."""

    start: int
    kept: pl.DataFrame
    cells: NDArray[Any]


class Source(Protocol):
    """Rows in a fixed order."""

    path: Path
    rows: int
    column: str
    kept: list[str]
    notes: list[str]

    def fingerprint(self) -> str:
        """Changes when the source does; found without reading it all."""

    def read(self, start: int, rows: int) -> Batch:
        """So many rows from `start`."""

    def where(self, row: int) -> str:
        """The image of a row, as the subject of a sentence."""


def source_of(path: Path, column: str | None, shape: tuple[int, ...], settings: Settings) -> Source:
    """The source at a path.

    Raises:
        NotFoundError: there is nothing.
        InvalidError: no image column, or more than one.
        MalformedError: no readable Parquet file.
    """
    if path.is_dir():
        if column is not None:
            raise InvalidError(f"{path} is a folder, so there is no column {short(column)} to name")
        return FolderSource(path, settings)
    if not path.exists():
        raise NotFoundError(f"{path} does not exist; name a Parquet file or a folder of images")
    return ParquetSource(path, column, shape)


class ParquetSource:
    """A Parquet file. A read decodes no more than the row groups it touches, page by page."""

    def __init__(self, path: Path, column: str | None, shape: tuple[int, ...]) -> None:
        import polars as pl

        self.path = path
        self.notes: list[str] = []
        with reading(path):
            self._scan = pl.scan_parquet(path, glob=False)
            schema = self._scan.collect_schema()
            self.rows = int(self._scan.select(pl.len()).collect().item())
        self.column = image_column(schema, column, shape, str(path))
        self.kept = [name for name in schema if name != self.column]

    def fingerprint(self) -> str:
        """Size, time of change and a digest of the footer, which locates and sizes every page."""
        with reading(self.path), self.path.open("rb") as file:
            status = os.fstat(file.fileno())
            file.seek(max(0, status.st_size - _FOOTER))
            digest = hashlib.sha256(file.read())
        digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
        return digest.hexdigest()

    def read(self, start: int, rows: int) -> Batch:
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
        return Batch(start, frame.drop(self.column), cells(frame[self.column]))

    def where(self, row: int) -> str:
        """Rows are counted from 0."""
        return f"row {row} of {self.path}, column {short(self.column)},"


class FolderSource:
    """The PNG and JPEG files below a folder, by their paths; hidden ones are left out."""

    column = "image"

    def __init__(self, path: Path, settings: Settings) -> None:
        import polars as pl

        self.path = path
        self._limit = settings.max_body_bytes
        found, others = _walk(path)
        # Text of a frame takes a third of what a list of Python's takes.
        self._names = pl.Series("path", found, pl.String)
        self.rows = len(found)
        self.kept = ["path"]
        self.notes = []
        if others:
            self.notes.append(f"{others} files that are no .png, .jpg or .jpeg were left out")

    def fingerprint(self) -> str:
        """Names, sizes and times of change of all files."""
        digest = hashlib.sha256()
        with reading(self.path):
            for name in self._names:
                status = os.stat(f"{self.path}/{name}")  # noqa: PTH116
                digest.update(f"{name}\0{status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def read(self, start: int, rows: int) -> Batch:
        """So many files from `start`.

        Raises:
            MalformedError: one cannot be read.
        """
        names = self._names.slice(start, rows)
        cells = np.empty(len(names), object)
        with reading(self.path):
            for i, name in enumerate(names):
                with open(f"{self.path}/{name}", "rb", buffering=0) as file:  # noqa: PTH123
                    # One more than allowed tells that there is more.
                    cells[i] = file.read(self._limit + 1)
        return Batch(start, names.to_frame(), cells)

    def where(self, row: int) -> str:
        """By its path."""
        return str(self.path / self._names[row])


def _walk(root: Path) -> tuple[list[str], int]:
    """Paths of images below `root`, sorted; and how many other visible files there are."""
    found, others = [], 0
    for folder, folders, files in os.walk(root, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
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
    return sorted(found), others


def _raise(error: OSError) -> None:
    raise MalformedError(
        f"{error.filename} cannot be read: {error.strerror}; check its permissions"
    ) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Read by polars or the system; what they raise becomes a sentence that names the file.

    `path` is named where the error does not name a file below it.

    Raises:
        MalformedError: it cannot be read.
    """
    from polars.exceptions import PanicException, PolarsError

    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise MalformedError(
            f"{error.filename or path} cannot be read: {reason}; check the file"
        ) from error
    except (PolarsError, PanicException, ValueError, OverflowError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise MalformedError(
            f"{path} cannot be read as Parquet: {reason}; name a Parquet file or a folder of images"
        ) from error
