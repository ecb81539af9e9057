"""Columns as arrays, against plain Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contract.tensors import DTYPES, Datatype
from service.score.values import reader_of

INTEGERS: tuple[Datatype, ...] = (
    "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64",
)  # fmt: skip
FLOATS: tuple[Datatype, ...] = ("FP16", "FP32", "FP64")


@hypothesis_settings(max_examples=100, deadline=None)
@given(
    datatype=st.sampled_from(INTEGERS), source=st.sampled_from(INTEGERS), data=st.data(),
    parsed=st.booleans(),
)  # fmt: skip
def test_integers_are_exact_or_wrong(
    datatype: Datatype, source: Datatype, data: st.DataObject, parsed: bool
) -> None:
    held, limits = np.iinfo(DTYPES[source]), np.iinfo(DTYPES[datatype])
    cells = data.draw(st.lists(st.none() | st.integers(int(held.min), int(held.max)), max_size=9))
    if parsed:
        texts = [None if cell is None else f" {cell} " for cell in cells]
        values = reader_of(datatype).parse(pl.Series(texts, dtype=pl.String))
    else:
        column = pl.Series(np.array([cell or 0 for cell in cells], DTYPES[source]))
        column = column.zip_with(pl.Series([c is not None for c in cells], dtype=pl.Boolean),
                                 pl.Series([None] * len(cells), dtype=column.dtype))  # fmt: skip
        assert reader_of(datatype).fits(column.dtype)
        values = reader_of(datatype).read(column)
    right = [cell is not None and limits.min <= cell <= limits.max for cell in cells]
    assert values.array.dtype == DTYPES[datatype]
    assert (~values.wrong).tolist() == right
    assert values.array.tolist() == [c if r else 0 for c, r in zip(cells, right, strict=True)]


@hypothesis_settings(max_examples=100, deadline=None)
@given(
    datatype=st.sampled_from(FLOATS), cells=st.lists(st.none() | st.floats(), max_size=9),
    parsed=st.booleans(),
)  # fmt: skip
def test_floats_are_rounded_or_wrong(
    datatype: Datatype, cells: list[float | None], parsed: bool
) -> None:
    if parsed:
        texts = [None if cell is None else repr(cell) for cell in cells]
        values = reader_of(datatype).parse(pl.Series(texts, dtype=pl.String))
    else:
        values = reader_of(datatype).read(pl.Series(cells, dtype=pl.Float64))
    dtype = DTYPES[datatype]
    limit = float(np.finfo(dtype).max)
    wrong = [cell is not None and abs(cell) > limit for cell in cells]
    assert values.array.dtype == dtype
    assert values.wrong.tolist() == wrong
    wanted = [math.nan if c is None or w else c for c, w in zip(cells, wrong, strict=True)]
    np.testing.assert_array_equal(values.array, np.array(wanted, np.float64).astype(dtype))


PARSED: list[tuple[Datatype, str | None, Any]] = [
    ("FP32", "1e3", 1000.0),
    ("FP32", " -2.5 ", -2.5),
    ("FP32", "", math.nan),
    ("FP32", " ", math.nan),
    ("FP32", "NaN", math.nan),
    ("FP32", "1,5", None),
    ("FP32", "1_000", None),
    ("FP32", "?", None),
    ("FP32", "inf", None),
    ("INT64", "007", 7),
    ("INT64", "1.0", None),
    ("INT64", "", None),
    ("INT64", "9223372036854775808", None),
    ("UINT64", "18446744073709551615", 2**64 - 1),
    ("BOOL", "True", True),
    ("BOOL", "false", False),
    ("BOOL", "1", None),
    ("BOOL", None, None),
    ("BYTES", " a ", " a "),
    ("BYTES", None, ""),
    ("BYTES", "01234", "01234"),
]


@pytest.mark.parametrize(("datatype", "text", "value"), PARSED)
def test_texts_of_an_untyped_file(datatype: Datatype, text: str | None, value: Any) -> None:
    """No value where the expectation is None."""
    values = reader_of(datatype).parse(pl.Series([text], dtype=pl.String))
    assert values.wrong.tolist() == [value is None]
    if value is not None:
        np.testing.assert_equal(values.array[0], value)


FITS: list[tuple[Datatype, pl.DataType, bool]] = [
    ("FP32", pl.Int64(), True),
    ("FP32", pl.Decimal(9, 2), True),
    ("FP32", pl.Null(), True),
    ("FP32", pl.String(), False),
    ("FP32", pl.Boolean(), False),
    ("FP32", pl.Date(), False),
    ("INT8", pl.UInt64(), True),
    ("INT8", pl.Float64(), False),
    ("INT8", pl.Null(), False),
    ("BOOL", pl.Boolean(), True),
    ("BOOL", pl.UInt8(), False),
    ("BYTES", pl.Categorical(), True),
    ("BYTES", pl.Int32(), True),
    ("BYTES", pl.Boolean(), True),
    ("BYTES", pl.Null(), True),
    ("BYTES", pl.Float32(), False),
    ("BYTES", pl.Binary(), False),
]


@pytest.mark.parametrize(("datatype", "dtype", "fits"), FITS)
def test_types_that_a_column_may_have(datatype: Datatype, dtype: pl.DataType, fits: bool) -> None:
    reader = reader_of(datatype)
    assert reader.fits(dtype) == fits
    if fits:
        values = reader.read(pl.Series([None], dtype=dtype))
        assert values.array.dtype == DTYPES[datatype]
        assert values.wrong.tolist() == [datatype in ("BOOL", *INTEGERS)]


def test_booleans_are_read_as_the_texts_that_the_profiler_makes_of_them() -> None:
    found = reader_of("BYTES").read(pl.Series([True, None, False]))
    assert found.array.tolist() == ["true", "", "false"]
