"""What a run has done so far, so that the next one takes it up: `TARGET.parts/`.

    state.json            what the parts were scored from; written before the first of them
    part-00000000.parquet rows 0 to batch_rows - 1, and so on
    lock                  held by the run that works here

A file appears under its name only when it is whole: it is written beside, flushed to the disk and
renamed. The target is the parts, joined, and appears in the same way.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from service.errors import InvalidError, MalformedError, ServiceError
from service.score.sources import reading

if TYPE_CHECKING:
    import polars as pl

_FORMAT = 1


@dataclass(frozen=True)
class State:
    """What decides the rows of a run; parts of another state are not taken up.

    Attributes:
        source: fingerprint of the source.
        sha256: of the model's graph.
        runtime: version of ONNX Runtime and the provider; another may round otherwise.
    """

    source: str
    rows: int
    column: str
    model: str
    version: str
    sha256: str
    runtime: str
    batch_rows: int
    prefix: str
    on_error: str
    format: int = _FORMAT


# What a message calls each field of State.
_WORDS = {
    "source": "the source",
    "rows": "the number of rows",
    "column": "the image column",
    "sha256": "the model's file",
    "runtime": "ONNX Runtime or its provider",
    "batch_rows": "--batch-rows",
    "prefix": "--prefix",
    "on_error": "--on-error",
}


def vacant(target: Path, overwrite: bool) -> None:
    """Refuse a target that is taken.

    Raises:
        InvalidError: it is a folder, or a file that is not to be replaced.
    """
    if target.is_dir():
        raise InvalidError(f"{target} is a folder; name a file to write")
    if target.exists() and not overwrite:
        raise InvalidError(f"{target} exists already; replace it with --overwrite")


class Parts:
    """The folder of parts beside a target."""

    def __init__(self, target: Path, state: State) -> None:
        self.target = target
        self.folder = target.with_name(f"{target.name}.parts")
        self._state = state

    def begin(self, overwrite: bool) -> None:
        """Take up the parts of an earlier run of the same state, or start.

        Raises:
            InvalidError: the parts are of another state, unless `overwrite`.
        """
        for left in self.folder.glob("*.tmp"):
            left.unlink()
        found = self._read_state()
        if found == asdict(self._state):
            return
        kept = list(self.folder.glob("part-*.parquet"))
        if kept and found is not None and not overwrite:
            raise InvalidError(self._changed(found))
        for part in kept:
            part.unlink()
        text = json.dumps(asdict(self._state), indent=2)
        self._appear(self.folder / "state.json", lambda path: _write_text(path, text))

    def done(self) -> list[int]:
        """Numbers of the parts that are there and whole."""
        return [number for number in range(self.count) if self._is_whole(number)]

    @property
    def count(self) -> int:
        """How many parts there are to be; an empty source has one, for its columns."""
        return max(1, -(-self._state.rows // self._state.batch_rows))

    def span(self, number: int) -> tuple[int, int]:
        """First row and number of rows of a part."""
        start = number * self._state.batch_rows
        return start, min(self._state.batch_rows, self._state.rows - start)

    def write(self, number: int, frame: pl.DataFrame) -> None:
        """Write one part."""
        self._appear(self._part(number), lambda path: frame.write_parquet(path))

    def refused(self, column: str) -> int:
        """Rows whose `column` of errors says something."""
        import polars as pl

        with reading(self.folder):
            said = pl.scan_parquet(self._paths(), glob=False).select(pl.col(column).count())
            return int(said.collect(engine="streaming").item())

    def join(self) -> None:
        """The target appears, whole, and the parts go."""
        import polars as pl

        joined = self.folder / "joined.parquet"

        def sink(path: Path) -> None:
            scan = pl.scan_parquet(self._paths(), glob=False)
            scan.sink_parquet(path, maintain_order=True, row_group_size=_GROUP_ROWS)

        with reading(self.folder):
            self._appear(joined, sink)
        joined.replace(self.target)
        _flush(self.target.parent)
        shutil.rmtree(self.folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder; the system lets it go when the process ends, however it does.

        Raises:
            InvalidError: another run holds it, or it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidError(
                f"{self.folder} cannot be made: {error.strerror}; name another target"
            ) from error
        try:
            import fcntl
        except ImportError:  # Windows
            yield
            return
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InvalidError(
                    f"another run writes {self.target}; wait for it or name another target"
                ) from error
            yield

    def _paths(self) -> list[Path]:
        return [self._part(number) for number in range(self.count)]

    def _part(self, number: int) -> Path:
        return self.folder / f"part-{number:08}.parquet"

    def _is_whole(self, number: int) -> bool:
        import polars as pl

        path = self._part(number)
        if not path.exists():
            return False
        try:
            with reading(path):
                return bool(
                    pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
                    == self.span(number)[1]
                )
        except MalformedError:
            return False

    def _read_state(self) -> dict[str, object] | None:
        try:
            found = json.loads((self.folder / "state.json").read_text())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _changed(self, found: dict[str, object]) -> str:
        mine = asdict(self._state)
        if (found.get("model"), found.get("version")) != (mine["model"], mine["version"]):
            return (
                f"{self.folder} was begun with {found.get('model')} version "
                f"{found.get('version')} and this is {mine['model']} version {mine['version']}; "
                "name that model, or begin anew with --overwrite"
            )
        name = next(f.name for f in fields(State) if found.get(f.name) != mine[f.name])
        old, new = (_brief(values.get(name)) for values in (found, mine))
        return (
            f"{_WORDS.get(name, name)} changed since {self.folder} was begun, from {old} to {new}; "
            "restore it, or begin anew with --overwrite"
        )

    def _appear(self, path: Path, write: Callable[[Path], object]) -> None:
        """Write a file so that it is whole under its name or absent.

        Raises:
            MalformedError: the disk is full, or the like.
        """
        beside = path.with_name(f"{path.name}.tmp")
        try:
            write(beside)
            _flush(beside)
            beside.replace(path)
            _flush(path.parent)
        except ServiceError:
            raise
        except OSError as error:
            raise MalformedError(
                f"{path} cannot be written: {error.strerror or error}; the same command goes on "
                "from the parts that are done"
            ) from error


# Rows per row group of the target: what a reader holds at a time.
_GROUP_ROWS = 65_536


def _write_text(path: Path, text: str) -> None:
    path.write_text(text)


def _flush(path: Path) -> None:
    """To the disk, so that a rename never outlives what it names."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _brief(value: object) -> str:
    text = str(value)
    return f"{text[:12]}..." if len(text) == 64 else repr(value)
