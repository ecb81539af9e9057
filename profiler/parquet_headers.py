"""What a Parquet file says of itself: its footer, and the header of every page.

Both are read before polars sees the file, and must agree with one another: rows, columns, where
each lies, and what each page unpacks to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from profiler.errors import ContentError, TooLargeError
from profiler.messages import shown
from profiler.thrift import HeaderError, Reader, Struct

# Field ids of the structs in parquet.thrift that matter here.
_FILE = {"schema": 2, "rows": 3, "groups": 4, "encryption": 8}
_ELEMENT = {"type": 1, "length": 2, "repetition": 3, "name": 4, "children": 5}
_GROUP = {"columns": 1, "rows": 3}
_CHUNK = {"path": 1, "meta": 3, "crypto": 8}
_META = {"path": 3, "values": 5, "packed": 7, "data": 9, "dictionary": 11}
_PAGE = {"kind": 1, "unpacked": 2, "packed": 3, "data": 5, "dictionary": 7, "data_v2": 8}
_DATA = {"values": 1, "encoding": 2}
_DATA_V2 = {"values": 1, "encoding": 4}

_REPEATED = 2
_PAGE_KINDS = {0: "data", 2: "dictionary", 3: "data_v2"}
# Bytes a value takes in memory by physical type: BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE,
# BYTE_ARRAY (a view); FIXED_LEN_BYTE_ARRAY says its own length.
_WIDTHS = {0: 1, 1: 4, 2: 8, 3: 8, 4: 4, 5: 8, 6: 16}
_FIXED = 7
# Each value is the one before, up to some length, and a rest: a file of n bytes can hold n^2.
_DELTA_BYTE_ARRAY = 7
_MAX_FOOTER_BYTES = 4 * 2**20
_MAX_PAGES = 50_000
_MAX_DEPTH = 16
# A page header has a dozen values, and the same one may stand for many pages.
_MAX_PAGE_VALUES = 100


@dataclass(frozen=True)
class Leaf:
    """A column that is neither nested nor repeated. width: bytes of a value in memory."""

    name: str
    width: int


@dataclass(frozen=True)
class Outline:
    """What the footer says. columns: top-level names in order; flat: those that can be read."""

    rows: int
    columns: tuple[str, ...]
    flat: tuple[Leaf, ...]
    groups: tuple[Struct, ...]


def outline(data: bytes) -> Outline:
    """Read the footer.

    Raises:
        HeaderError: it is broken; fields that are absent or of another type raise what Python does.
        ContentError: encrypted, or nested too deeply.
        TooLargeError: the footer itself is too large.
    """
    size = int.from_bytes(data[-8:-4], "little")
    if size > len(data) - 12:
        raise HeaderError("the footer is longer than the file")
    if size > _MAX_FOOTER_BYTES:
        raise TooLargeError(
            f"file has a Parquet footer of {size:,} bytes; the limit is {_MAX_FOOTER_BYTES:,}: "
            "write fewer, larger row groups"
        )
    footer = Reader(data[-8 - size : -8]).struct()
    if _FILE["encryption"] in footer:
        raise ContentError("file is an encrypted Parquet file; write it without encryption")
    columns, flat = _columns(footer[_FILE["schema"]])
    groups = tuple(footer[_FILE["groups"]])
    rows = footer[_FILE["rows"]]
    if rows < 0 or any(group[_GROUP["rows"]] < 0 for group in groups):
        raise HeaderError("a row count is negative")
    if rows != sum(group[_GROUP["rows"]] for group in groups):
        raise HeaderError("the row groups do not add up to the rows of the file")
    return Outline(rows, columns, flat, groups)


def _columns(schema: list[Struct]) -> tuple[tuple[str, ...], tuple[Leaf, ...]]:
    """The top-level columns and the flat ones; the schema is a tree, written depth first."""
    columns: list[str] = []
    flat: list[Leaf] = []
    position = 1
    for _ in range(schema[0].get(_ELEMENT["children"], 0)):
        if position >= len(schema):
            raise HeaderError("the schema ends too early")
        element = schema[position]
        name = element[_ELEMENT["name"]].decode()
        columns.append(name)
        following = _after(schema, position)
        if following == position + 1 and element.get(_ELEMENT["repetition"]) != _REPEATED:
            flat.append(Leaf(name, _width(element)))
        position = following
    if position != len(schema):
        raise HeaderError("the schema has elements that belong to no column")
    return tuple(columns), tuple(flat)


def _after(schema: list[Struct], position: int, depth: int = 0) -> int:
    """The position behind the subtree that starts at `position`."""
    if depth > _MAX_DEPTH:
        raise ContentError(
            f"file has a column nested more than {_MAX_DEPTH} levels deep; flatten it first"
        )
    if position >= len(schema):
        raise HeaderError("the schema ends too early")
    children = schema[position].get(_ELEMENT["children"], 0)
    position += 1
    for _ in range(children):
        position = _after(schema, position, depth + 1)
    return position


def _width(element: Struct) -> int:
    kind = element[_ELEMENT["type"]]
    if kind != _FIXED:
        return _WIDTHS[kind]
    length = element[_ELEMENT["length"]]
    if length < 0:
        raise HeaderError("a value has a negative length")
    return max(int(length), 16)


def unpacked_pages(data: bytes, outline: Outline) -> int:
    """Bytes all pages of the flat columns inflate to, after a look at every page header."""
    flat = sorted(leaf.name for leaf in outline.flat)
    sizes: list[int] = []
    for group in outline.groups:
        metas = [_meta(chunk) for chunk in group[_GROUP["columns"]]]
        paths = [[part.decode() for part in meta[_META["path"]]] for meta in metas]
        if sorted(path[0] for path in paths if len(path) == 1) != flat:
            raise HeaderError("a row group has other columns than the schema")
        for meta, path in zip(metas, paths, strict=True):
            if len(path) == 1:
                pages = _pages(data, meta, path[0], group[_GROUP["rows"]])
                sizes += islice(pages, _MAX_PAGES + 1 - len(sizes))
            if len(sizes) > _MAX_PAGES:
                raise TooLargeError(
                    f"file holds more than {_MAX_PAGES:,} pages; write larger row groups"
                )
    return sum(sizes)


def _meta(chunk: Struct) -> Struct:
    """The metadata of a column chunk that lies, readable, in this file."""
    if _CHUNK["path"] in chunk:
        raise ContentError("file keeps columns in other files; write it as one file")
    if _CHUNK["crypto"] in chunk:
        raise ContentError("file has encrypted columns; write it without encryption")
    meta: Struct = chunk[_CHUNK["meta"]]
    return meta


def _pages(data: bytes, meta: Struct, column: str, rows: int) -> Iterator[int]:
    """Walk the pages of one column chunk, yielding what each inflates to."""
    start = meta.get(_META["dictionary"]) or meta[_META["data"]]
    end = start + meta[_META["packed"]]
    if not 4 <= start <= end <= len(data):
        raise HeaderError("a column lies outside the file")
    if meta[_META["values"]] != rows:
        raise HeaderError("a column has another number of values than its row group")
    reader = Reader(memoryview(data)[:end], start, _MAX_PAGE_VALUES)
    values = 0
    while reader.position < end:
        page = reader.struct()
        kind = _PAGE_KINDS.get(page[_PAGE["kind"]])
        packed, unpacked = page[_PAGE["packed"]], page[_PAGE["unpacked"]]
        if packed < 0 or unpacked < 0 or packed > end - reader.position:
            raise HeaderError("a page is longer than its column")
        reader.position += packed
        yield unpacked
        if kind is None:
            continue
        # An entry of a dictionary takes a byte at least.
        most = unpacked if kind == "dictionary" else rows
        found = _values(page[_PAGE[kind]], kind, column, most)
        values += 0 if kind == "dictionary" else found
    if values != rows:
        raise HeaderError("the pages of a column do not add up to its values")


def _values(header: Struct, kind: str, column: str, most: int) -> int:
    """How many values a page has; its encoding must be one whose size its header tells."""
    fields = _DATA_V2 if kind == "data_v2" else _DATA
    if header[fields["encoding"]] == _DELTA_BYTE_ARRAY:
        raise ContentError(
            f"column {shown(column)} has encoding DELTA_BYTE_ARRAY, which hides its size; "
            "write it with the default encodings"
        )
    values = int(header[fields["values"]])
    if not 0 <= values <= most:
        raise HeaderError("a page has more values than it can hold")
    return values
