"""Parquet: types, and files that are broken or lie. For bombs see test_child.py."""

from __future__ import annotations

import datetime

import polars as pl
import pytest

from profiler.errors import ContentError, ProfilerError, TooLargeError, UnreadableError
from profiler.parquet import read_parquet
from tests.profiler.children import Sandbox
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


def test_rows_columns_and_names_are_judged_before_a_cell_is_read() -> None:
    frame = pl.DataFrame({"a": range(12), "b": range(12)})
    refused(parquet(frame), TooLargeError, "12 rows; the limit is 11", allowed=limits(max_rows=11))
    part = "2 columns; the limit is 1"
    refused(parquet(frame), TooLargeError, part, allowed=limits(max_columns=1))
    long = parquet(pl.DataFrame({"x" * 300: [1]}))
    refused(long, ContentError, "300 characters; the limit is 200")


def test_double_names() -> None:
    data = parquet(pl.DataFrame({"aa": [1, 2], "ab": [1, 2]}), compression="uncompressed")
    refused(data.replace(b"ab", b"aa"), UnreadableError, "file cannot be read as Parquet", "aa")


def test_a_table_larger_than_the_limit() -> None:
    """Small files: runs of one value, and a long text that many rows point to."""
    zeros = parquet(pl.DataFrame({"v": pl.zeros(100_000, pl.Int64, eager=True)}))
    text = parquet(pl.concat([pl.DataFrame({"v": ["x" * 8_000]})] * 100))
    for data in (zeros, text):
        assert len(data) < 60_000
        part = "file unpacks to a table of 80"
        refused(data, TooLargeError, part, allowed=limits(max_unpacked_bytes=700_000))
        assert look(data, allowed=limits(max_unpacked_bytes=900_000)).facts["n_rows"]


def test_nested_columns_are_not_opened() -> None:
    frame = pl.DataFrame({"v": [[0] * 10_000] * 100, "y": range(100)})
    assert look(parquet(frame), allowed=limits(max_unpacked_bytes=10**5)).facts["n_rows"] == 100


def with_footer(data: bytes, size: int) -> bytes:
    """The file with another length of its footer."""
    return data[:-8] + size.to_bytes(4, "little") + b"PAR1"


def damaged() -> dict[str, bytes]:
    whole = parquet(iris(), compression="zstd", statistics=False)
    return {
        "a footer longer than the file": with_footer(whole, 10**6),
        "a footer of no bytes": with_footer(whole, 0),
        "a footer of 4 GB": with_footer(whole, 2**32 - 1),
        "nothing but magic": b"PAR1" + bytes(8) + b"PAR1",
        "zeros for the footer": whole[:-200] + bytes(192) + whole[-8:],
        "the end of another file": b"PAR1" + parquet(pl.DataFrame({"a": [1]}))[-300:],
    }


@pytest.mark.parametrize("kind", damaged())
def test_a_damaged_file_gives_one_sentence(sandbox: Sandbox, kind: str) -> None:
    error = sandbox.profile(damaged()[kind])
    assert isinstance(error, UnreadableError), error
    assert str(error).startswith("file ")
    assert str(error).endswith("write it again with another tool")
    assert "\n" not in str(error)
    assert len(str(error)) < 300


def test_a_column_that_cannot_be_read_refuses_itself(sandbox: Sandbox) -> None:
    """Zeros for the pages of one column: the other four are profiled."""
    whole = parquet(iris(), compression="zstd", statistics=False)
    middle = len(whole) // 3
    profile = sandbox.profile(whole[:middle] + bytes(100) + whole[middle + 100 :])
    assert not isinstance(profile, ProfilerError), profile
    kinds = [column.kind for column in profile.details.columns]
    assert kinds.count("opaque") == 1
    (warning,) = [w for w in profile.details.warnings if "cannot be read" in w]
    assert warning.startswith('column "')


def test_no_column_can_be_read(sandbox: Sandbox) -> None:
    whole = parquet(iris(), compression="zstd", statistics=False)
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    error = sandbox.profile(b"PAR1" + bytes(len(whole) - footer - 4) + whole[-footer:])
    assert isinstance(error, UnreadableError)
    assert "no column that can be read" in str(error)
