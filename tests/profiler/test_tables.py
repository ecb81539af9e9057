"""`read_table`: columns as arrays, for those who train on them."""

from __future__ import annotations

import datetime
import gzip
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from profiler import CategoryColumn, Column, NumberColumn, Reader, TableArrays, columns, read_table
from profiler.arrays import decode
from profiler.encode import encode
from profiler.errors import TooLargeError, UnsupportedError
from profiler.files import read_file
from profiler.values import Values
from profiler.wire import Frame
from tests.profiler.files import LIMITS, csv, images, iris, limits, look, parquet


def read(data: bytes) -> TableArrays:
    """In this process."""
    return decode(encode(read_file(data, LIMITS)))


def numbers(table: TableArrays, name: str) -> list[float]:
    (column,) = (c for c in table.columns if c.about.name == name)
    assert isinstance(column, NumberColumn)
    assert column.values.dtype == np.float64
    return [float(value) for value in column.values]


def texts(table: TableArrays, name: str) -> list[str | None]:
    (column,) = (c for c in table.columns if c.about.name == name)
    assert isinstance(column, CategoryColumn)
    assert column.codes.dtype == np.int32
    assert list(column.categories) == sorted(set(column.categories))
    return [None if code < 0 else column.categories[code] for code in column.codes]


def test_numbers_and_categories_of_a_csv() -> None:
    table = read(csv("n,c,b,i", "1.5, red ,yes,07", "NA,?,no,08", "-2,blue,yes,", ",red,,09"))
    assert table.rows == 4
    np.testing.assert_equal(numbers(table, "n"), [1.5, np.nan, -2, np.nan])
    assert texts(table, "c") == ["red", None, "blue", "red"]
    assert texts(table, "b") == ["yes", "no", "yes", None]
    assert texts(table, "i") == ["07", "08", None, "09"]
    assert [c.about.kind for c in table.columns] == ["numeric", "categorical", "boolean",
                                                     "categorical"]  # fmt: skip
    assert "fields are delimited by comma" in table.notes


def test_stray_values_are_missing_and_counted() -> None:
    table = read(csv("n,c", *[f"{i}.5,x" for i in range(40)], "tall,y"))
    values = numbers(table, "n")
    assert values[:40] == [i + 0.5 for i in range(40)]
    assert np.isnan(values[40])
    assert table.columns[0].about.stray == 1


def test_decimal_commas_are_numbers() -> None:
    table = read(csv("n;m", "1,5;1", "2,25;2", "3;4"))
    assert numbers(table, "n") == [1.5, 2.25, 3]


def test_every_type_of_a_parquet_file() -> None:
    frame = pl.DataFrame(
        {
            "i": [1, None, 3],
            "d": pl.Series([1, 2, 3]).cast(pl.Decimal(10, 2)),
            "f": [0.1, float("nan"), None],
            "b": [True, False, None],
            "s": ["y", " x", "n/a"],
            "e": pl.Series(["u", "v", "u"], dtype=pl.Enum(["v", "u"])),
            "day": [datetime.date(2020, 1, 2), None, datetime.date(1999, 1, 1)],
            "l": [[1], [2], [3]],
            "none": [None, None, None],
        }
    )
    table = read(parquet(frame))
    np.testing.assert_equal(numbers(table, "i"), [1, np.nan, 3])
    assert numbers(table, "d") == [1, 2, 3]
    np.testing.assert_equal(numbers(table, "f"), [0.1, np.nan, np.nan])
    assert texts(table, "b") == ["true", "false", None]
    assert texts(table, "s") == ["y", "x", None]
    assert texts(table, "e") == ["u", "v", "u"]
    assert texts(table, "day") == ["2020-01-02", None, "1999-01-01"]
    assert texts(table, "none") == [None, None, None]
    assert table.opaque == ("l",)


def test_a_child_reads_bytes_and_paths(reader: Reader, tmp_path: Path) -> None:
    data = iris().write_csv().encode()
    path = tmp_path / "iris.csv"
    path.write_bytes(data)
    for table in (reader.read_table(data), read_table(path, LIMITS)):
        for column in iris().columns[:4]:
            assert numbers(table, column) == iris()[column].to_list()
        assert texts(table, "species") == iris()["species"].to_list()


def test_refusals(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="file is a zip; send the table by itself"):
        reader.read_table(images("a/1.png"))
    path = tmp_path / "long.csv"
    path.write_bytes(bytes(20))
    with pytest.raises(TooLargeError, match="file holds 20 bytes; the limit is 10"):
        read_table(path, limits(max_bytes=10))
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "none.csv", LIMITS)


def test_a_column_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As polars gives up on it: the others are read, and profiled alike."""

    def describe(values: Values) -> Column:
        if values.name == "n":
            raise pl.exceptions.ComputeError("no luck")
        return columns.describe(values)

    for module in ("profiler.encode", "profiler.facts"):
        monkeypatch.setattr(f"{module}.describe", describe)
    table = read(csv("n,c", "1,x", "2,y"))
    assert (table.opaque, [c.about.name for c in table.columns]) == (("n",), ["c"])
    assert table.warnings[0].startswith('column "n": file cannot be read: no luck')
    details = look(csv("n,c", "1,x", "2,y")).details
    assert [c.kind for c in details.columns] == ["opaque", "categorical"]
    assert any("no luck" in warning for warning in details.warnings)


ANSWER = encode(read_file(csv("a,b", "1,x", "2,y"), LIMITS))


@pytest.mark.parametrize(
    "frame",
    [
        Frame({}),
        Frame({**ANSWER.header, "rows": 3}, ANSWER.blobs),
        Frame(ANSWER.header, ANSWER.blobs[:-1]),
        Frame(ANSWER.header, [b"x", *ANSWER.blobs[1:]]),
        Frame({**ANSWER.header, "columns": [{"about": {"x": 1}}]}, ANSWER.blobs),
        Frame({**ANSWER.header, "columns": 7}, ANSWER.blobs),
    ],
)
def test_an_answer_that_is_no_table(frame: Frame) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        decode(frame)


# Public tables: their columns, the kinds found, rows, and the classes of the last column.
ADULT = (
    "age workclass fnlwgt education education_num marital occupation relationship race sex "
    "gain loss hours country income"
)
TABLES = {
    "adult-train": (ADULT, "ncncncccccnnnco", 32_561, 2),
    "german": (" ".join(f"a{i}" for i in range(21)), "", 1_000, 2),
    "mammography": ("a b c d e f malignant", "nnnnnno", 11_183, 2),
    "phoneme": ("a b c d e nasal", "nnnnno", 5_404, 2),
    "winequality-white": ("a b c d e f g h i j k quality", "nnnnnnnnnnnn", 4_898, 7),
}


def table_file(name: str) -> bytes:
    """A public table, with a header line; a skip that says how to get it."""
    folder = os.environ.get("ROSENBLATT_DATA_DIR", "")
    path = Path(folder, "tables", f"{name}.csv.gz")
    if not path.exists():
        if os.environ.get("ROSENBLATT_REQUIRE_DATA"):
            raise FileNotFoundError(path)
        pytest.skip("set ROSENBLATT_DATA_DIR to a directory that holds tables/")
    return TABLES[name][0].replace(" ", ",").encode() + b"\n" + gzip.decompress(path.read_bytes())


@pytest.mark.parametrize("name", TABLES)
def test_public_tables(reader: Reader, name: str) -> None:
    names, kinds, rows, classes = TABLES[name]
    data, target = table_file(name), names.split()[-1]
    table = reader.read_table(data)
    assert (table.rows, [c.about.name for c in table.columns]) == (rows, names.split())
    found = "".join("n" if isinstance(c, NumberColumn) else "c" for c in table.columns)
    if kinds:
        assert found[:-1] == kinds[:-1]
    profile = reader.profile(data, target)
    assert (profile.facts["n_labelled"], profile.details.n_classes) == (rows, classes)
    assert profile.facts["task"] == "classification"
    assert profile.details.columns == tuple(c.about for c in table.columns)
