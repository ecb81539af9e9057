"""Samples as files hold them, and as the graph takes them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from contract.tensors import Datatype
from training.errors import ImportModelError
from training.importing.tables import Samples, read_samples

CSV = "age,town,code,count\n39,Oslo,01234,1\n,,99,2\n 4.5 ,Bergen,7,3\n"


@pytest.fixture
def csv(tmp_path: Path) -> Samples:
    (tmp_path / "samples.csv").write_text(CSV)
    return read_samples(tmp_path / "samples.csv")


@pytest.fixture
def parquet(tmp_path: Path) -> Samples:
    frame = pl.DataFrame(
        {
            "age": [39, None, 4],
            "big": [1e300, 0.0, 0.0],
            "town": pl.Series(["Oslo", None, "Bergen"], dtype=pl.Categorical),
            "code": [1, 2, 300],
            "day": pl.Series(["2026-01-01"] * 3).str.to_date(),
            "yes": [True, False, True],
        }
    )
    frame.write_parquet(tmp_path / "samples.parquet")
    return read_samples(tmp_path / "samples.parquet")


def archive(folder: Path, **arrays: Any) -> Samples:
    np.savez(folder / "samples.npz", **arrays)
    return read_samples(folder / "samples.npz")


def test_cells_of_a_csv_are_what_the_input_takes(csv: Samples) -> None:
    assert (csv.names, csv.rows) == (("age", "town", "code", "count"), 3)
    np.testing.assert_array_equal(csv.array("age", "FP32"), np.array([39, np.nan, 4.5], np.float32))
    assert csv.array("town", "BYTES").tolist() == ["Oslo", "", "Bergen"]
    assert csv.array("code", "BYTES").tolist() == ["01234", "99", "7"]
    assert csv.array("code", "INT64").tolist() == [1234, 99, 7]
    assert csv.array("count", "UINT8").dtype == np.uint8
    assert csv.values("town").tolist() == ["Oslo", None, "Bergen"]


def test_a_csv_may_be_compressed(tmp_path: Path) -> None:
    (tmp_path / "samples.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    assert read_samples(tmp_path / "samples.csv.gz").array("code", "INT64").tolist() == [
        1234,
        99,
        7,
    ]


def test_columns_of_a_parquet_file_keep_their_types(parquet: Samples) -> None:
    np.testing.assert_array_equal(
        parquet.array("age", "FP32"), np.array([39, np.nan, 4], np.float32)
    )
    assert parquet.array("town", "BYTES").tolist() == ["Oslo", "", "Bergen"]
    assert parquet.array("code", "BYTES").tolist() == ["1", "2", "300"]
    assert parquet.array("yes", "BOOL").tolist() == [True, False, True]


def test_arrays_of_an_archive(tmp_path: Path) -> None:
    samples = archive(tmp_path, x=np.eye(3), t=np.array(["a", "bb", ""]), n=np.array([1, 2, 3]))
    assert samples.array("x", "FP32").dtype == np.float32
    assert samples.array("t", "BYTES").tolist() == ["a", "bb", ""]
    assert samples.array("n", "BYTES").tolist() == ["1", "2", "3"]
    np.testing.assert_array_equal(samples.array("n", "FP32"), np.array([1, 2, 3], np.float32))


@pytest.mark.parametrize(
    ("name", "datatype", "message"),
    [
        ("town", "FP32", "'town' is 'Oslo' in row 1, but the graph takes FP32"),
        ("age", "INT64", "'age' is ' 4.5 ' in row 3"),
        ("code", "UINT8", "'code' holds 1234, but the graph takes UINT8"),
    ],
)
def test_a_cell_that_does_not_fit_is_named(
    csv: Samples, name: str, datatype: Datatype, message: str
) -> None:
    with pytest.raises(ImportModelError, match=message):
        csv.array(name, datatype)


@pytest.mark.parametrize(
    ("name", "datatype", "message"),
    [
        ("age", "INT64", "'age' has missing values"),
        ("town", "FP32", "'town' is text"),
        ("big", "FP32", "'big' holds 1e\\+300"),
        ("big", "BYTES", "'big' is Float64, but the graph takes text"),
        ("code", "UINT8", "'code' holds 300"),
        ("day", "FP32", "'day' is Date; give numbers"),
    ],
)
def test_a_column_that_does_not_fit_is_named(
    parquet: Samples, name: str, datatype: Datatype, message: str
) -> None:
    with pytest.raises(ImportModelError, match=message):
        parquet.array(name, datatype)


def test_floats_are_no_text_and_fractions_no_integers(tmp_path: Path) -> None:
    samples = archive(tmp_path, x=np.array([1.5, 2]), t=np.array(["a", "b"]))
    with pytest.raises(ImportModelError, match="'x' is of type float64, but the graph takes text"):
        samples.array("x", "BYTES")
    with pytest.raises(ImportModelError, match="'t' is text"):
        samples.array("t", "FP32")
    with pytest.raises(ImportModelError, match=r"'x' holds 1\.5, but the graph takes INT64"):
        samples.array("x", "INT64")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("samples.txt", b"", r"no \.npz, \.csv"),
        ("samples.npz", b"PK", r"samples\.npz cannot be read"),
        ("samples.csv", b"a,b\n", "holds no rows"),
        ("samples.parquet", b"PAR1", "cannot be read"),
        ("samples.csv.gz", b"\x1f\x8b", "cannot be read|holds no rows"),
    ],
)
def test_a_file_that_is_none_is_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ImportModelError, match=message):
        read_samples(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportModelError, match=r"nowhere\.parquet cannot be read"):
        read_samples(tmp_path / "nowhere.parquet")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.zeros(2), "b": np.zeros(3)}, "a has 2, b has 3"),
        ({"a": np.zeros(0)}, "a has 0"),
        ({"a": np.float64(1)}, r"array 'a' is float64 \[\]"),
        ({"a": np.array([b"x"])}, "dtype str"),
    ],
)
def test_arrays_that_are_no_rows_are_named(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    with pytest.raises(ImportModelError, match=message):
        archive(tmp_path, **arrays)


def test_python_objects_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(ImportModelError, match="cannot be read: Object arrays"):
        archive(tmp_path, a=np.array([object()], dtype=object))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a,b\n1,2\n3,4,5\n", r"row 2 has 3 fields and the header 2; put values with a comma in"),
        (b"a,b\n1,2\n3\n", r"row 2 has 1 fields and the header 2"),
        (b"a,b\n1,\xff\n", r"cannot be read"),
    ],
)
def test_a_csv_that_is_not_whole_is_refused(content: bytes, sentence: str, tmp_path: Path) -> None:
    """A value with a comma would shift those after it."""
    path = tmp_path / "samples.csv"
    path.write_bytes(content)
    with pytest.raises(ImportModelError, match=sentence):
        read_samples(path)


def test_a_comma_in_quotes_is_no_field(tmp_path: Path) -> None:
    path = tmp_path / "samples.csv"
    path.write_text('a,b\n"1,5",2\n"x\ny",4\n')
    assert read_samples(path).array("a", "BYTES").tolist() == ["1,5", "x\ny"]
