"""Where the records of a CSV file begin, found in one pass, so that any row can be read.

Records end at line ends that no quotes enclose (RFC 4180). Memory is a number per 1,024 rows.
"""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidError

STEP = 1024
_CHUNK_BYTES = 4 * 2**20
_QUOTE, _NEWLINE = ord('"'), ord("\n")


class CsvIndex:
    """Counts the records of a file from its position on, and checks how many fields each has.

    Args:
        fields: of every record.
        separator: between fields, one byte.
        max_bytes: of a record.
        name: of the file, for messages.

    Attributes:
        rows: how many records there are.
        starts: int64, where record 0, 1,024, 2,048 and so on begin; then the end of the file.

    Raises:
        InvalidError: a record of another number of fields, too long a one, or quotes that do not
            end.
    """

    def __init__(
        self, file: BinaryIO, *, fields: int, separator: str, max_bytes: int, name: str
    ) -> None:
        self.rows = 0
        self._fields = fields
        self._separator = ord(separator)
        self._max_bytes = max_bytes
        self._name = name
        self._begin = file.tell()  # of the record that is open
        self._separators = 0  # in it so far
        self._quoted = False
        self._starts: list[NDArray[np.int64]] = []
        offset = self._begin
        while chunk := file.read(_CHUNK_BYTES):
            self._add(np.frombuffer(chunk, np.uint8), offset)
            offset += len(chunk)
        if self._quoted:
            raise self._error("does not end its quotes; close them")
        if offset > self._begin:  # the last record has no line end
            self._close(np.array([offset]), np.array([self._separators]))
        self.starts = np.concatenate([*self._starts, np.array([offset])])

    def span(self, start: int, rows: int) -> tuple[int, int, int]:
        """Where bytes begin and end that hold some rows, and how many other rows come first."""
        first = start // STEP
        last = min(-(-(start + rows) // STEP), len(self.starts) - 1)
        return int(self.starts[first]), int(self.starts[last]), start - first * STEP

    def _add(self, data: NDArray[np.uint8], offset: int) -> None:
        ends, separators = data == _NEWLINE, data == self._separator
        quotes = data == _QUOTE
        if self._quoted or quotes.any():
            quoted = np.logical_xor.accumulate(quotes) ^ self._quoted
            self._quoted = bool(quoted[-1])
            ends &= ~quoted
            separators &= ~quoted
        at = np.flatnonzero(ends)
        places = np.flatnonzero(separators)
        before = np.searchsorted(places, at)
        counts = np.diff(before, prepend=0)
        if len(at):
            counts[0] += self._separators
            self._close(at + offset + 1, counts)
            self._separators = len(places) - int(before[-1])
        else:
            self._separators += len(places)
        if offset + len(data) - self._begin > self._max_bytes:
            raise self._error(self._too_long())

    def _close(self, ends: NDArray[np.int64], separators: NDArray[np.int64]) -> None:
        """Records that end there have so many separators."""
        begins = np.concatenate([[self._begin], ends[:-1]])
        wrong = (separators != self._fields - 1) | (ends - begins > self._max_bytes)
        if wrong.any():
            at = int(wrong.argmax())
            self.rows += at
            if ends[at] - begins[at] > self._max_bytes:
                raise self._error(self._too_long())
            found = int(separators[at]) + 1
            raise self._error(f"has {found} fields; the header has {self._fields}")
        first = -self.rows % STEP
        self._starts.append(begins[first::STEP])
        self.rows += len(ends)
        self._begin = int(ends[-1])

    def _too_long(self) -> str:
        return (
            f"holds more than {self._max_bytes:,} bytes, the limit of ROSENBLATT_MAX_BODY_BYTES; "
            "close its quotes or raise the limit"
        )

    def _error(self, what: str) -> InvalidError:
        return InvalidError(f"row {self.rows} of {self._name} {what}")
