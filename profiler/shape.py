"""The records of a CSV and their shape, checked before a cell is built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from profiler.errors import UnreadableError
from profiler.limits import Limits
from profiler.messages import count
from profiler.preamble import Text
from profiler.records import Records, line_of, place_of, records_of
from profiler.table import check_columns, check_rows, check_unpacked

# A string of polars takes 16 bytes besides its text.
_CELL_BYTES = 16
_MOST_COMMENTS = 10_000
_ADVICE = "check its double quotes: quote a field that holds one, and double the quote"


@dataclass(frozen=True)
class Source:
    """A CSV: its bytes, how its lines and fields end, and where its records are.

    comments: number of comment lines between the records, which `records` leaves out.
    """

    data: bytes
    delimiter: str
    line_end: bytes
    records: Records
    comments: int = 0

    @property
    def mark(self) -> str:
        """The byte between two fields; spaces have become tabs."""
        return "\t" if self.delimiter == " " else self.delimiter

    def lines(self, first: int) -> Iterator[bytes]:
        """The bytes from a record on, without blank lines and comments."""
        starts, ends = self.records.starts[first:], self.records.ends[first:]
        if len(starts) == 0:
            return
        gaps = np.flatnonzero(starts[1:] != ends[:-1] + 1)
        firsts = starts[np.concatenate(([0], gaps + 1))]
        lasts = ends[np.concatenate((gaps, [len(starts) - 1]))]
        for start, end in zip(firsts, lasts, strict=True):
            yield self.data[start : end + 1]


def check_text(data: bytes) -> None:
    """Refuse anything but UTF-8 text, naming the first bad byte."""
    if (nul := data.find(0)) >= 0:
        raise UnreadableError(
            f"file holds a NUL byte at offset {nul:,}, {place_of(data, nul)}: it is binary, or "
            "UTF-16 text; re-encode it as UTF-8"
        )
    try:
        data.isascii() or data.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"file is not UTF-8 text: byte 0x{data[error.start]:02X} in "
            f"{place_of(data, error.start)}; re-encode it as UTF-8"
        ) from error


def source_of(text: Text, limits: Limits) -> Source:
    """Find the records; leave out comment lines between them.

    Raises:
        UnreadableError: there are none.
        TooLargeError: more rows or columns than the limits.
    """
    data = text.data
    line_end = b"\r" if b"\r" in data and b"\n" not in data else b"\n"
    source = Source(data, text.delimiter, line_end, Records.none())
    source = replace(source, records=records_of(data, source.mark, line_end, limits))
    if len(source.records) == 0:
        raise UnreadableError("file holds only blank lines; send a header line and rows")
    check_columns(int(source.records.fields[0]), limits)
    return _without_comments(source)


def _without_comments(source: Source) -> Source:
    """Leave out lines that begin with # and have another number of fields than the header."""
    records = source.records
    uneven = np.flatnonzero(records.fields != records.fields[0])
    if not 0 < len(uneven) <= _MOST_COMMENTS:
        return source
    comments = [i for i in uneven if source.data[records.starts[i]] == ord("#")]
    kept = np.ones(len(records), bool)
    kept[comments] = False
    return replace(source, records=records.where(kept), comments=len(comments))


def check_shape(source: Source, limits: Limits) -> int:
    """The number of fields of every row: that of the header, one more, or one less.

    Raises:
        UnreadableError: ragged rows.
        TooLargeError: more rows or cells than the limits.
        ContentError: no rows.
    """
    fields = source.records.fields
    rows, header = len(fields) - 1, int(fields[0])
    check_rows(rows, limits)
    width = int(fields[1])
    # One more: row names without a name, or a delimiter at the end of every row.
    close = width == header or (header > 1 and abs(width - header) == 1 and rows > 1)
    expected = width if close else header
    uneven = np.flatnonzero(fields[1:] != expected)
    if len(uneven):
        raise ragged(source, int(uneven[0]) + 1)
    check_unpacked(rows * width * _CELL_BYTES, limits)
    return width


def ragged(source: Source, record: int) -> UnreadableError:
    """The error of a record with another number of fields than the header."""
    records = source.records
    start, end = int(records.starts[record]), int(records.ends[record])
    advice = "fix the line, or quote fields that hold the delimiter"
    if b'"' in source.data[start:end]:
        advice = quote_advice(source)
    elif b"'" in source.data[start:end]:
        advice = "quote fields that hold the delimiter, with double quotes"
    return UnreadableError(
        f"line {line_of(source.data, start, source.line_end):,} has "
        f"{count(int(records.fields[record]), 'field')} but the header has "
        f"{int(records.fields[0]):,}; {advice}"
    )


def quote_advice(source: Source) -> str:
    """What to do about double quotes, and where the first wrong one is."""
    first = next(_stray_quotes(source.data, source.mark), None)
    if first is None:
        return _ADVICE
    return f"{_ADVICE}; the first to mend is at {place_of(source.data, first, source.line_end)}"


def doubled_quotes(text: Text) -> Text:
    """The text with quotes behind a backslash doubled instead, which takes as many bytes.

    Raises:
        UnreadableError: a backslash stands before a quote, and this does not mend it.
    """
    mark = "\t" if text.delimiter == " " else text.delimiter
    if b'\\"' not in text.data or next(_stray_quotes(text.data, mark), None) is None:
        return text
    data = text.data.replace(b'\\"', b'""')
    if (at := next(_stray_quotes(data, mark), None)) is not None:
        raise UnreadableError(
            f"file holds a backslash before a double quote, and one that does not fit at "
            f"{place_of(data, at)}; {_ADVICE}"
        )
    return replace(text, data=data, notes=(*text.notes, "quotes behind a backslash were doubled"))


def _stray_quotes(data: bytes, delimiter: str) -> Iterator[int]:
    """The offsets of double quotes that belong to no quoted field."""
    mark = re.escape(delimiter.encode())
    # Some tools pad their fields with spaces, outside the quotes.
    opened, closed = (
        rb"(?:(?<=[\r\n])|(?<=%b)|\A)[ \t]*" % mark,
        rb"(?=[ \t]*(?:%b|[\r\n]|\Z))" % mark,
    )
    field = opened + b'"(?:[^"]|"")*"' + closed
    quotes = re.finditer(field + b'|"', data)
    return (found.start() for found in quotes if len(found[0]) == 1)
