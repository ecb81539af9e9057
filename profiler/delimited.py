"""CSV text -> a table of strings; every limit is checked before a cell is built."""

from __future__ import annotations

import codecs
import io

import numpy as np
import polars as pl

from profiler.errors import UnreadableError
from profiler.limits import Limits
from profiler.messages import count, listed
from profiler.records import DELIMITER_NAMES, Records, delimiter_of, line_of, records_of
from profiler.table import Table, check_columns, check_names, check_rows, check_unpacked
from profiler.translate_errors import polars_errors

# A string of polars takes 16 bytes besides its text.
_CELL_BYTES = 16
_ADVICE = "check its double quotes: quote a field that holds one, and double the quote"


def read_csv(data: bytes, limits: Limits) -> Table:
    """Read CSV text. Cells stay strings; an empty cell is null.

    Raises:
        UnreadableError: not UTF-8, NUL bytes, ragged rows, unbalanced quotes.
        ContentError: no rows, or column names that repeat or are too long.
        TooLargeError: more rows, columns or unpacked bytes than the limits.
    """
    notes = []
    if data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
        notes.append("the byte order mark at the start was skipped")
    _check_text(data)
    line_end = b"\r" if b"\r" in data and b"\n" not in data else b"\n"
    delimiter = delimiter_of(data)
    records = records_of(data, delimiter, line_end, limits)
    if len(records) == 0:
        raise UnreadableError("file holds only blank lines; send a header line and rows")
    check_columns(int(records.fields[0]), limits)
    names, unnamed = _names(data, records, delimiter)
    _check_shape(data, records, line_end, limits)
    frame = _parse(_without_blank(data, records), delimiter, line_end, names, len(records) - 1)
    if len(names) > 1:
        notes.append(f"fields are delimited by {DELIMITER_NAMES[delimiter]}")
    if records.blank:
        notes.append(f"{count(records.blank, 'blank line')} skipped")
    if unnamed:
        notes.append(f"{count(len(unnamed), 'column')} without a name called {listed(unnamed)}")
    return Table(
        "csv",
        frame,
        names=tuple(names),
        rows=frame.height,
        delimiter=delimiter if len(names) > 1 else None,
        notes=tuple(notes),
        warnings=tuple(_headless(names)),
    )


def _check_text(data: bytes) -> None:
    """Refuse anything but UTF-8 text, naming the first bad byte."""
    if (nul := data.find(0)) >= 0:
        raise UnreadableError(
            f"file holds a NUL byte at offset {nul:,}: it is binary, or UTF-16 text; "
            "re-encode it as UTF-8"
        )
    try:
        data.isascii() or data.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"file is not UTF-8 text: byte 0x{data[error.start]:02X} in line "
            f"{line_of(data, error.start):,}; re-encode it as UTF-8"
        ) from error


def _names(data: bytes, records: Records, delimiter: str) -> tuple[list[str], list[str]]:
    """All column names, and those made up from positions because the header has none."""
    header = data[records.starts[0] : records.ends[0]].removesuffix(b"\r")
    with polars_errors("read as CSV", _ADVICE):
        row = _read(header, delimiter, b"\n", header=False).row(0)
    names = [(cell or "").strip() or f"column_{i}" for i, cell in enumerate(row, 1)]
    check_names(names)
    return names, [name for name, cell in zip(names, row, strict=True) if not (cell or "").strip()]


def _check_shape(data: bytes, records: Records, line_end: bytes, limits: Limits) -> None:
    """Refuse too many rows, ragged rows, and more cells than may be held."""
    rows, width = len(records) - 1, int(records.fields[0])
    check_rows(rows, limits)
    uneven = np.flatnonzero(records.fields != width)
    if len(uneven):
        first = int(uneven[0])
        start, end = int(records.starts[first]), int(records.ends[first])
        quoted = b'"' in data[start:end]
        raise UnreadableError(
            f"line {line_of(data, start, line_end):,} has "
            f"{count(int(records.fields[first]), 'field')} but the header has {width:,}; "
            f"{_ADVICE if quoted else 'fix the line, or quote fields that hold the delimiter'}"
        )
    check_unpacked(rows * width * _CELL_BYTES, limits)


def _without_blank(data: bytes, records: Records) -> bytes:
    """The file without its blank lines."""
    if not records.blank:
        return data
    gaps = np.flatnonzero(records.starts[1:] != records.ends[:-1] + 1)
    firsts = records.starts[np.concatenate(([0], gaps + 1))]
    lasts = records.ends[np.concatenate((gaps, [len(records) - 1]))]
    return b"".join(data[a : b + 1] for a, b in zip(firsts, lasts, strict=True))


def _parse(
    data: bytes, delimiter: str, line_end: bytes, names: list[str], rows: int
) -> pl.DataFrame:
    with polars_errors("read as CSV", _ADVICE):
        frame = _read(data, delimiter, line_end, header=True)
    if frame.shape != (rows, len(names)):
        raise UnreadableError(
            f"file has {rows:,} lines of {len(names):,} fields but reads as {frame.height:,} rows "
            f"of {frame.width:,}; {_ADVICE}"
        )
    frame.columns = names
    return frame


def _read(data: bytes, delimiter: str, line_end: bytes, *, header: bool) -> pl.DataFrame:
    return pl.read_csv(
        io.BytesIO(data),
        separator=delimiter,
        eol_char=line_end.decode(),
        has_header=header,
        infer_schema=False,
    )


def _headless(names: list[str]) -> list[str]:
    """A warning if at least half of the names in the header are numbers."""
    numbers = sum(_is_number(name) for name in names)
    if numbers * 2 < len(names):
        return []
    return [
        f"{numbers} of {count(len(names), 'column name')} are numbers: if the first line is data, "
        "add a header line"
    ]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
