"""Thrift's compact protocol, as far as the headers of a Parquet file need it.

A Parquet file says in its footer and in front of each page how much it will unpack to. polars
gives only the row count of it, and allocates before it can refuse, so the service reads these
headers itself, as `contract/graph.py` does with protobuf. A struct is a dict from field id to
value; see https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

from typing import Any

Struct = dict[int, Any]

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY = range(1, 9)
_LIST, _SET, _STRUCT = 9, 10, 12
_MAX_DEPTH = 16


class HeaderError(ValueError):
    """The bytes are no compact Thrift, or use what Parquet's headers never do."""


class Reader:
    """A cursor over bytes. `position` is where the next byte is read.

    A struct may hold `most` values at all depths: an empty one takes a byte here and seventy in
    memory.
    """

    def __init__(self, data: bytes | memoryview, position: int = 0, most: int = 2**21) -> None:
        self.data = data
        self.position = position
        self._most = self._left = most

    def struct(self, depth: int = 0) -> Struct:
        """Read one struct.

        Raises:
            HeaderError: truncated, nested too deeply, of an unknown type, or too many values.
        """
        if depth == 0:
            self._left = self._most
        if depth > _MAX_DEPTH:
            raise HeaderError("headers are nested too deeply")
        fields: Struct = {}
        number = 0
        while header := self._byte():
            self._count(1)
            delta, kind = header >> 4, header & 0x0F
            number = number + delta if delta else _signed(self._varint())
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_I16, _I32, _I64):
            return _signed(self._varint())
        if kind == _BINARY:
            return self._take(self._varint())
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            return self._list(depth + 1)
        if kind in (_BYTE, _TRUE, _FALSE):  # inside a list a boolean takes a byte
            return self._byte()
        if kind == _DOUBLE:
            return self._take(8)
        raise HeaderError(f"headers use type {kind}, which Parquet has not")

    def _list(self, depth: int) -> list[Any]:
        if depth > _MAX_DEPTH:
            raise HeaderError("headers are nested too deeply")
        header = self._byte()
        size, kind = header >> 4, header & 0x0F
        if size == 15:
            size = self._varint()
        if size > len(self.data) - self.position:  # an element takes at least a byte
            raise HeaderError("headers end in the middle of a list")
        self._count(size)
        return [self._value(kind, depth) for _ in range(size)]

    def _count(self, values: int) -> None:
        self._left -= values
        if self._left < 0:
            raise HeaderError(f"headers hold more than {self._most:,} values")

    def _byte(self) -> int:
        if not 0 <= self.position < len(self.data):
            raise HeaderError("headers end too early")
        self.position += 1
        return self.data[self.position - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise HeaderError("headers hold a number of more than 64 bits")

    def _take(self, size: int) -> bytes | memoryview:
        if size > len(self.data) - self.position:
            raise HeaderError("headers end in the middle of a value")
        self.position += size
        return self.data[self.position - size : self.position]


def _signed(value: int) -> int:
    """Undo zigzag: 0, 1, 2, 3 are 0, -1, 1, -2."""
    return (value >> 1) ^ -(value & 1)
