"""Parquet: types, and files that unpack to more than they say or should."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from profiler import parquet_headers
from profiler.errors import ContentError, TooLargeError, UnreadableError
from profiler.parquet import read_parquet
from profiler.thrift import HeaderError, Reader
from tests.profiler.files import LIMITS, iris, limits, look, parquet, refused

CODECS = ("uncompressed", "snappy", "gzip", "brotli", "lz4", "zstd")


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_gives_what_the_csv_gives(codec: str) -> None:
    profile = look(parquet(iris(), compression=codec), "species")
    from_csv = look(iris().write_csv().encode(), "species")
    assert profile.facts == from_csv.facts
    assert profile.details.columns == from_csv.details.columns


def test_row_groups_and_pages_add_up() -> None:
    data = parquet(iris(), row_group_size=20, data_page_size=64)
    assert read_parquet(data, LIMITS).frame.equals(iris())


def test_types_and_their_kinds() -> None:
    n = 40
    frame = pl.DataFrame(
        {
            "integer": [i // 3 for i in range(n)],
            "float": [i * 0.5 for i in range(n)],
            "decimal": pl.Series([i % 7 for i in range(n)]).cast(pl.Decimal(10, 2)),
            "boolean": [i % 2 == 0 for i in range(n)],
            "bits": [i % 2 for i in range(n)],
            "date": [datetime.date(2020, 1, 1 + i % 30) for i in range(n)],
            "datetime": [datetime.datetime(2020, 1, 1, i % 24) for i in range(n)],
            "duration": [datetime.timedelta(i) for i in range(n)],
            "text": ["red" if i % 3 else "blue" for i in range(n)],
            "category": pl.Series(["u" if i % 3 else "v" for i in range(n)], dtype=pl.Categorical),
            "null": [None] * n,
            "nan": [float("nan")] * n,
            "gap": ["x" if i % 2 else None for i in range(n)],
            "list": [[1.0, 2.0]] * n,
            "struct": [{"bytes": b"x", "path": "y"}] * n,
            "binary": [b"x"] * n,
        }
    )
    profile = look(parquet(frame))
    kinds = {column.name: column.kind for column in profile.details.columns}
    assert kinds == {
        "integer": "numeric",
        "float": "numeric",
        "decimal": "numeric",
        "boolean": "boolean",
        "bits": "boolean",
        "date": "datetime",
        "datetime": "datetime",
        "duration": "datetime",
        "text": "categorical",
        "category": "categorical",
        "null": "constant",
        "nan": "constant",
        "gap": "categorical",
        "list": "opaque",
        "struct": "opaque",
        "binary": "opaque",
    }
    assert list(kinds) == frame.columns
    assert '3 columns of nested or binary values not read: "list", "struct", "binary"' in (
        profile.details.notes
    )
    assert profile.details.duplicate_rows is None


def test_nothing_but_nested_columns() -> None:
    profile = look(parquet(pl.DataFrame({"v": [[1], [2, 3]]})), "v")
    assert profile.facts == {"n_rows": 2}
    assert profile.details.missing_share is None


def test_no_rows_and_no_columns() -> None:
    refused(parquet(pl.DataFrame({"a": []}, schema={"a": pl.Int8})), ContentError, "0 rows")
    refused(parquet(pl.DataFrame()), ContentError, "file holds no columns")


def test_rows_columns_and_names_are_judged_by_the_footer() -> None:
    frame = pl.DataFrame({"a": range(12), "b": range(12)})
    refused(parquet(frame), TooLargeError, "12 rows; the limit is 11", allowed=limits(max_rows=11))
    part = "2 columns; the limit is 1"
    refused(parquet(frame), TooLargeError, part, allowed=limits(max_columns=1))
    long = parquet(pl.DataFrame({"x" * 300: [1]}))
    refused(long, ContentError, "300 characters; the limit is 200")


def test_double_names() -> None:
    data = parquet(pl.DataFrame({"aa": [1, 2], "ab": [1, 2]}), compression="uncompressed")
    refused(data.replace(b"ab", b"aa"), ContentError, 'column name "aa" occurs more than once')


def test_runs_of_one_value() -> None:
    """A hundred kilobytes that would be 400 MB in memory."""
    zeros = pl.zeros(1_000_000, pl.Int64, eager=True)
    data = parquet(pl.DataFrame({f"c{i}": zeros for i in range(50)}))
    assert len(data) < 200_000
    refused(data, TooLargeError, "file unpacks to a table of 400,000,000 bytes")


def test_a_long_text_in_a_dictionary() -> None:
    """A small file that would be 20 MB, and could be gigabytes, if every cell were looked at."""
    data = parquet(pl.concat([pl.DataFrame({"v": ["x" * 200_000]})] * 100))
    assert len(data) < 2_000_000
    part = "file unpacks to a table of 20,000,000 bytes"
    refused(data, TooLargeError, part, allowed=limits(max_unpacked_bytes=10**7))


def test_pages_that_inflate() -> None:
    frame = pl.DataFrame({"v": [f"{i}" + "x" * 300_000 for i in range(100)]})
    part = "file unpacks to a table of 30,0"
    refused(parquet(frame), TooLargeError, part, allowed=limits(max_unpacked_bytes=10**7))


def test_a_nested_bomb_is_not_opened() -> None:
    frame = pl.DataFrame({"v": [[0] * 10_000] * 100, "y": range(100)})
    assert look(parquet(frame), allowed=limits(max_unpacked_bytes=10**5)).facts["n_rows"] == 100


def varint(value: int) -> bytes:
    """Zigzag varint of a positive number."""
    value *= 2
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


@pytest.mark.parametrize("codec", ["snappy", "gzip", "brotli", "lz4", "zstd"])
def test_a_page_that_inflates_to_more_than_it_says(codec: str) -> None:
    """The page header claims less than the codec would write."""
    frame = pl.DataFrame({"v": np.arange(4000) // 4})
    data = parquet(frame, compression=codec, statistics=False)
    reader = Reader(data, 4)
    page = reader.struct()
    claimed = varint(page[2])
    at = data.index(claimed, 4, reader.position)
    lie = varint(page[2] - 1000)
    assert len(lie) == len(claimed)
    refused(data[:at] + lie + data[at + len(claimed) :], UnreadableError, "file cannot be read")


def outline_of(data: bytes) -> Any:
    size = int.from_bytes(data[-8:-4], "little")
    return Reader(data[-8 - size : -8]).struct()


def test_pages_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_headers, "_MAX_PAGES", 20)
    data = parquet(iris(), row_group_size=10)
    refused(data, TooLargeError, "more than 20 pages; write larger row groups")


def test_the_footer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_headers, "_MAX_FOOTER_BYTES", 100)
    refused(parquet(iris()), TooLargeError, "Parquet footer of", "the limit is 100")


def test_a_footer_that_is_not_there() -> None:
    data = b"PAR1" + b"\0" * 8 + (10**6).to_bytes(4, "little") + b"PAR1"
    refused(data, UnreadableError, "the footer is longer than the file")


# What a writer of headers may get wrong: footer -> the footer changed, and the message.
def _rows(footer: Any) -> None:
    footer[3] = 149


def _negative(footer: Any) -> None:
    footer[3] = -1


def _values(footer: Any) -> None:
    footer[4][0][1][0][3][5] = 7


def _outside(footer: Any) -> None:
    footer[4][0][1][0][3][9] = 10**9
    footer[4][0][1][0][3].pop(11, None)


def _column(footer: Any) -> None:
    footer[4][0][1].pop()


def _absent(footer: Any) -> None:
    del footer[4]


def _type(footer: Any) -> None:
    footer[2] = 7


def _short_schema(footer: Any) -> None:
    footer[2].pop()


def _long_schema(footer: Any) -> None:
    footer[2].append(footer[2][-1])


def _children(footer: Any) -> None:
    footer[2][-1][5] = 3


def _file(footer: Any) -> None:
    footer[4][0][1][0][1] = b"/etc/passwd"


def _crypto(footer: Any) -> None:
    footer[4][0][1][0][8] = {}


def _cipher(footer: Any) -> None:
    footer[8] = {}


def _deep(footer: Any) -> None:
    footer[2] = [{4: b"root", 5: 1}, *({4: b"x", 5: 1} for _ in range(40)), {4: b"x", 1: 1}]


def _length(footer: Any) -> None:
    footer[2][1] |= {1: 7, 2: -5}


@pytest.mark.parametrize(
    ("change", "error", "part"),
    [
        (_rows, UnreadableError, "do not add up to the rows"),
        (_negative, UnreadableError, "a row count is negative"),
        (_values, UnreadableError, "another number of values"),
        (_outside, UnreadableError, "lies outside the file"),
        (_column, UnreadableError, "other columns than the schema"),
        (_absent, UnreadableError, "absent or of a wrong type"),
        (_type, UnreadableError, "absent or of a wrong type"),
        (_short_schema, UnreadableError, "the schema ends too early"),
        (_long_schema, UnreadableError, "belong to no column"),
        (_children, UnreadableError, "the schema ends too early"),
        (_file, ContentError, "keeps columns in other files"),
        (_crypto, ContentError, "encrypted columns"),
        (_cipher, ContentError, "encrypted Parquet file"),
        (_deep, ContentError, "nested more than 16 levels"),
        (_length, UnreadableError, "negative length"),
    ],
)
def test_footers_that_lie(
    change: Any, error: type[Any], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = parquet(iris())
    footer = outline_of(data)
    change(footer)
    read = Reader.struct

    def struct(self: Reader, depth: int = 0) -> Any:
        """The changed footer in place of the first struct that is read."""
        monkeypatch.setattr(Reader, "struct", read)
        return footer

    monkeypatch.setattr(Reader, "struct", struct)
    refused(data, error, part)


# The same for the headers of pages.
def _page_length(page: Any) -> None:
    page[3] = 10**8


def _page_values(page: Any) -> None:
    (page.get(5) or page.get(7) or page[8])[1] = 10**8


def _delta(page: Any) -> None:
    (page.get(5) or page.get(7))[2] = 7


def _unknown_kind(page: Any) -> None:
    page[1] = 1


@pytest.mark.parametrize(
    ("change", "error", "part"),
    [
        (_page_length, UnreadableError, "longer than its column"),
        (_page_values, UnreadableError, "more values than it can hold"),
        (_delta, ContentError, "DELTA_BYTE_ARRAY, which hides its size"),
        (_unknown_kind, UnreadableError, "do not add up to its values"),
    ],
)
def test_pages_that_lie(
    change: Any, error: type[Any], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Reader.struct

    def struct(self: Reader, depth: int = 0) -> Any:
        result = read(self, depth)
        if depth == 0 and isinstance(self.data, memoryview):
            change(result)
        return result

    monkeypatch.setattr(Reader, "struct", struct)
    refused(parquet(iris()), error, part)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "end too early"),
        (b"\x15", "end too early"),
        (b"\x1c" * 40, "nested too deeply"),
        (b"\x19" + b"\x19" * 40, "nested too deeply"),
        (b"\x18\x7f\0", "in the middle of a value"),
        (b"\x19\xf8\x7f\0", "in the middle of a list"),
        (b"\x15" + b"\xff" * 11, "more than 64 bits"),
        (b"\x1e\0", "type 14"),
        (b"\x17\0", "in the middle of a value"),
    ],
)
def test_broken_thrift(data: bytes, part: str) -> None:
    with pytest.raises(HeaderError, match=part):
        Reader(data).struct()


def test_thrift_values() -> None:
    assert Reader(b"\x15\x03\x00").struct() == {1: -2}
    assert Reader(b"\x11\x12\x13\x05\x18\x02hi\x00").struct() == {1: True, 2: False, 3: 5, 4: b"hi"}
    assert Reader(b"\x17" + b"\1" * 8 + b"\0").struct() == {1: b"\1" * 8}
    assert Reader(b"\x19\x21\x01\x02\x05\x10\x0f\x00").struct() == {1: [1, 2], 8: -8}


@pytest.mark.parametrize("values", [b"\x19\xfc\x65" + bytes(101), b"\x11" * 101])
def test_thrift_values_are_counted(values: bytes) -> None:
    """A list of a million empty structs is a megabyte here, and seventy in memory."""
    with pytest.raises(HeaderError, match="more than 100 values"):
        Reader(values + b"\0", most=100).struct()
    reader = Reader(b"\x11" * 60 + b"\0" + b"\x11" * 60 + b"\0", most=100)
    assert len(reader.struct()) == len(reader.struct()) == 60


def test_page_headers_are_short() -> None:
    """Columns may overlap, so that fifty thousand pages share one header of a megabyte."""
    data = bytearray(b"PAR1" + b"\x19\xfc\x80\x08" + bytes(1024) + b"\0")
    meta = {3: [b"x"], 5: 1, 7: len(data) - 4, 9: 4}
    with pytest.raises(HeaderError, match="more than 100 values"):
        list(parquet_headers._pages(bytes(data), meta, "x", 1))
