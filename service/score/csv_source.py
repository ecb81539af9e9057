"""A CSV file as a source: text columns, read a batch at a time from any row."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

from contract.messages import short
from service.errors import InvalidError, MalformedError
from service.score.csv_index import CsvIndex
from service.score.problems import cell
from service.score.reading import digest_of, reading
from service.settings import Settings

SUFFIXES = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
_HEADER_BYTES = 2**20
_MARK = b"\xef\xbb\xbf"


def separator_of(path: Path) -> str | None:
    """What separates the fields of a file of this name; None for one that is no CSV."""
    name = path.name.lower()
    return next((s for suffix, s in SUFFIXES.items() if name.endswith(suffix)), None)


class CsvSource:
    """A CSV file with a header, plain or gzipped, in UTF-8. An empty field is null.

    The file is read once when it is opened, to find and check its records. Not for several threads
    at a time.

    Raises:
        InvalidError: no header, a name twice, or a record with another number of fields.
        MalformedError: it cannot be read.
    """

    untyped = True

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.notes: list[str] = []
        self._separator = separator_of(path) or ","
        with reading(path, "CSV"):
            self._file = _open(path)
            try:
                self.columns = header_of(self._file, path, self._separator)
                self._index = CsvIndex(
                    self._file, fields=len(self.columns), separator=self._separator,
                    max_bytes=settings.max_body_bytes, name=str(path),
                )  # fmt: skip
            except BaseException:
                self._file.close()
                raise
        self.rows = self._index.rows
        self.schema: Mapping[str, pl.DataType] = dict.fromkeys(self.columns, pl.String())

    def fingerprint(self) -> str:
        """Size, time of change and a digest of the end."""
        return digest_of(self.path)

    def read(self, start: int, rows: int) -> pl.DataFrame:
        """So many rows from `start`.

        Raises:
            MalformedError: they cannot be read, or are no text in UTF-8.
        """
        begin, end, before = self._index.span(start, rows)
        with reading(self.path, "CSV"):
            if begin == end:
                return pl.DataFrame(schema=self.schema)
            self._file.seek(begin)
            frame = pl.read_csv(
                self._file.read(end - begin), has_header=False, schema=self.schema,
                separator=self._separator,
            )  # fmt: skip
        found = frame.slice(before, rows)
        if found.height != rows:
            raise MalformedError(
                f"{self.path} gave {found.height} rows from row {start} where {rows} were counted; "
                "check its quotes, and that nothing writes it"
            )
        return found

    def where(self, row: int, column: str | None) -> str:
        """Rows are counted from 0, after the header."""
        return cell(f"row {row} of {self.path}", column)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _open(path: Path) -> BinaryIO:
    if path.suffix.lower() == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


def header_of(file: BinaryIO, name: object, separator: str) -> list[str]:
    """The names of a file's columns; the file stands behind them.

    Raises:
        InvalidError: there are none, or one stands there twice.
    """
    line = file.readline(_HEADER_BYTES)
    while line.count(b'"') % 2 and (more := file.readline(_HEADER_BYTES - len(line))):
        line += more
    text = line.removeprefix(_MARK).decode()
    names = next(csv.reader([text], delimiter=separator, strict=True), [])
    if not names or len(line) >= _HEADER_BYTES:
        raise InvalidError(
            f"{name} begins with no names of columns; write a header of at most "
            f"{_HEADER_BYTES:,} bytes"
        )
    twice = [column for column, count in Counter(names).items() if count > 1]
    if twice:
        raise InvalidError(f"{name} names the column {short(twice[0])} twice; rename one")
    return names
