"""What a run has done so far, so that the next one takes it up: `TARGET.parts/`.

    state.json            what the parts were scored from; written before the first of them
    part-00000000.parquet rows 0 to batch_rows - 1, and so on
    lock                  held by the run that works here

The target is the parts, joined.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import IO, TYPE_CHECKING

from service.errors import InvalidError, MalformedError
from service.score.folder import JOINED, PARTS, STATE, Folder
from service.score.reading import reading

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

_FORMAT = 3


@dataclass(frozen=True)
class State:
    """What decides the rows of a run; parts of another state are not taken up.

    Attributes:
        source: fingerprint of the source.
        sha256: of the model's graph.
        manifest: SHA-256 of its manifest, which has the labels.
        limits: the settings that decide which images are taken.
        runtime: version of ONNX Runtime and the provider; another may round otherwise.
    """

    source: str
    rows: int
    columns: str
    model: str
    version: str
    sha256: str
    manifest: str
    limits: str
    runtime: str
    batch_rows: int
    prefix: str
    on_error: str
    format: int = _FORMAT


# What a message calls each field of State.
_WORDS = {
    "source": "the source",
    "rows": "the number of rows",
    "columns": "the columns that are read",
    "sha256": "the model's file",
    "manifest": "the model's manifest",
    "limits": "ROSENBLATT_MAX_BODY_BYTES or ROSENBLATT_MAX_IMAGE_PIXELS",
    "runtime": "ONNX Runtime or its provider",
    "batch_rows": "--batch-rows",
    "prefix": "--prefix",
    "on_error": "--on-error",
}


class Parts:
    """The parts of one state in the folder of a run."""

    def __init__(self, folder: Folder, state: State) -> None:
        self._folder = folder
        self._state = state

    def begin(self, overwrite: bool) -> None:
        """Take up the parts of an earlier run of the same state, or start.

        Raises:
            InvalidError: the parts are of another state, unless `overwrite`.
        """
        self._folder.remove("*.tmp")
        found = self._read_state()
        if found == asdict(self._state):
            return
        if found is not None and not overwrite and any(self._folder.path.glob(PARTS)):
            raise InvalidError(self._changed(found))
        self._folder.remove(PARTS)
        text = json.dumps(asdict(self._state), indent=2)
        self._folder.write(STATE, lambda file: file.write(text.encode()))

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
        self._folder.write(_name(number), frame.write_parquet)

    def refused(self, column: str) -> int:
        """Rows whose `column` of errors says something."""
        import polars as pl

        with reading(self._folder.path):
            said = pl.scan_parquet(self._paths(), glob=False).select(pl.col(column).count())
            return int(said.collect(engine="streaming").item())

    def join(self) -> None:
        """Join the parts to one file of the folder.

        Raises:
            MalformedError: they cannot be read, or the disk is full.
        """
        import polars as pl

        def sink(file: IO[bytes]) -> None:
            scan = pl.scan_parquet(self._paths(), glob=False)
            scan.sink_parquet(file, maintain_order=True, row_group_size=_GROUP_ROWS)

        self._folder.write(JOINED, sink)

    def _paths(self) -> list[Path]:
        return [self._folder.path / _name(number) for number in range(self.count)]

    def _is_whole(self, number: int) -> bool:
        import polars as pl

        path = self._folder.path / _name(number)
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
            found = json.loads((self._folder.path / STATE).read_text())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _changed(self, found: dict[str, object]) -> str:
        mine = asdict(self._state)
        if (found.get("model"), found.get("version")) != (mine["model"], mine["version"]):
            return (
                f"{self._folder.path} was begun with {found.get('model')} version "
                f"{found.get('version')} and this is {mine['model']} version {mine['version']}; "
                "name that model, or begin anew with --overwrite"
            )
        name = next(f.name for f in fields(State) if found.get(f.name) != mine[f.name])
        old, new = (_brief(values.get(name)) for values in (found, mine))
        return (
            f"{_WORDS.get(name, name)} changed since {self._folder.path} was begun, from {old} to "
            f"{new}; restore it, or begin anew with --overwrite"
        )


# Rows per row group of the target: what a reader holds at a time.
_GROUP_ROWS = 65_536


def _name(number: int) -> str:
    return f"part-{number:08}.parquet"


def _brief(value: object) -> str:
    text = str(value)
    return f"{text[:12]}..." if len(text) == 64 else repr(value)
