"""Find where the records of a CSV begin and end, without parsing them.

polars silently pads short rows with nulls, reads a blank line as a row and reports no line numbers.
So the shape is checked first, by counting line ends and delimiters outside quotes: rows, columns
and ragged lines are known before a cell is built. 32 MB take a tenth of a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from profiler.limits import Limits
from profiler.table import check_most_rows

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "spaces"}
_SAMPLE_BYTES = 2**16
_SAMPLE_RECORDS = 20
_BLOCK = 2**20
# A comma that neither groups the digits of a number nor begins its decimals.
_OUTSIDE_NUMBERS = re.compile(rb"(?<!\d),|,(?!\d)")
_QUOTED = re.compile(rb'"(?:[^"]|"")*"')


@dataclass(frozen=True)
class Records:
    """Byte offsets of the records, header first, without blank lines.

    starts, ends: int64 [n], `data[starts[i]:ends[i]]` is a record without its line end;
    fields: int64 [n], number of fields of each; blank: number of blank lines left out.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    fields: NDArray[np.int64]
    blank: int

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def none(cls) -> Records:
        """Those of an empty file."""
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing, nothing, 0)

    def where(self, kept: NDArray[np.bool_]) -> Records:
        """Those that the mask selects."""
        return Records(self.starts[kept], self.ends[kept], self.fields[kept], self.blank)


def delimiter_of(data: bytes) -> str:
    """The delimiter that splits the first records into equally many fields, and into the most.

    If no delimiter is consistent, the header decides. A file without delimiters has one column.
    Where another mark delimits, commas within numbers do not.
    """
    sample = _QUOTED.sub(b"", data[:_SAMPLE_BYTES])
    lines = [line for line in re.split(rb"\r\n|\n|\r", sample) if line]
    if len(data) > _SAMPLE_BYTES and len(lines) > 1:
        lines.pop()  # it may be cut off
    lines = lines[:_SAMPLE_RECORDS]
    if not lines:
        return DELIMITERS[0]

    def rank(delimiter: str) -> tuple[bool, int]:
        counts = [line.count(delimiter.encode()) for line in lines]
        return counts[0] > 0 and len(set(counts)) == 1, counts[0]

    best = max(DELIMITERS, key=rank)
    others = [other for other in DELIMITERS if other != "," and rank(other)[0]]
    if best == "," and others and not any(_OUTSIDE_NUMBERS.search(line) for line in lines[1:]):
        return max(others, key=rank)
    return best


def records_of(data: bytes, delimiter: str, line_end: bytes, limits: Limits) -> Records:
    """Split `data` into records, without blank lines.

    Every double quote opens or closes a quoted part, as in polars. A lone quote inside a field
    makes rows uneven, and is reported so.

    Raises:
        TooLargeError: more rows than the limit. Rows are counted before their offsets are
            collected, because an offset takes eight bytes and a row may take one.
    """
    if not data:
        return Records.none()
    outside = _outside_quotes(data)
    is_end = outside == ord(line_end)
    opens, closes, lines = _edges(outside, is_end)
    if opens.any():
        first, last = int(opens.argmax()), len(data) - 1 - int(opens[::-1].argmax())
        header = outside[first : _next(is_end, first)]
        if not (header == ord(delimiter)).any():
            # In a file of one column, a blank line between others is a missing value.
            opens[first + 1 : last + 1] |= is_end[first:last]
            closes[first:last] = is_end[first:last]
    check_most_rows(int(np.count_nonzero(opens)) - 1, limits)
    starts, ends = np.flatnonzero(opens), np.flatnonzero(closes)
    if len(ends) < len(starts):
        ends = np.append(ends, len(data))
    return Records(starts, ends, _fields(outside == ord(delimiter), starts), lines - len(starts))


def line_of(data: bytes, offset: int, line_end: bytes = b"\n") -> int:
    """The line number, from 1, of a byte."""
    return data.count(line_end, 0, offset) + 1


def place_of(data: bytes, offset: int, line_end: bytes = b"\n") -> str:
    """Where a byte stands, in words: its line, and its character within the line, from 1."""
    start = max(data.rfind(line_end, 0, offset) + 1, 0)
    character = len(data[start:offset].decode(errors="replace")) + 1
    return f"line {line_of(data, offset, line_end):,}, column {character:,}"


def _outside_quotes(data: bytes) -> NDArray[np.uint8]:
    """The bytes, with those inside quotes set to 0. A doubled quote toggles the state twice."""
    raw = np.frombuffer(data, np.uint8)
    if b'"' not in data:
        return raw
    inside = np.bitwise_xor.accumulate((raw == ord('"')).view(np.uint8))
    return np.where(inside, np.uint8(0), raw)


def _edges(
    outside: NDArray[np.uint8], is_end: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], int]:
    """Masks [n] of the bytes that open and close a line that is not blank; number of all lines."""
    opens = np.concatenate(([True], is_end[:-1]))
    lines = int(np.count_nonzero(opens))
    # A line that holds only the first half of a Windows line end is blank too.
    lone = opens & (outside == ord("\r"))
    lone[:-1] &= is_end[1:]
    closes = is_end & ~opens
    closes[1:] &= ~lone[:-1]
    opens &= ~(is_end | lone)
    return opens, closes, lines


def _next(mask: NDArray[np.bool_], start: int) -> int:
    """The first index from `start` on where the mask is true, or its length if there is none."""
    return start + int(mask[start:].argmax()) if mask[start:].any() else len(mask)


def _fields(is_delimiter: NDArray[np.bool_], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of fields of each record, [n]. Blank lines in between hold no delimiter."""
    fields = np.ones(len(starts), np.int64)
    # numpy converts what it sums to wider integers, so sum one block at a time.
    for offset in range(0, len(is_delimiter), _BLOCK):
        block = is_delimiter[offset : offset + _BLOCK]
        i, j = np.searchsorted(starts, (offset, offset + len(block)))
        inside = starts[i:j] - offset
        if i:  # the rest of the record before this block
            fields[i - 1] += np.count_nonzero(block[: inside[0] if len(inside) else None])
        if len(inside):
            fields[i:j] += np.add.reduceat(block, inside, dtype=np.int64)
    return fields
