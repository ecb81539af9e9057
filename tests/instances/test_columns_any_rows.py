"""Any rows of any columns are decoded, or refused, as a plain reference has it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.batch import Array
from contract.tensors import Content, Datatype, Input
from service.errors import InvalidError
from service.instances.columns import ColumnDecoder

DATATYPES: list[tuple[Datatype, Content]] = [
    ("FP16", "number"), ("FP32", "number"), ("FP64", "number"), ("INT8", "number"),
    ("INT64", "category"), ("UINT64", "number"), ("BOOL", "number"), ("BYTES", "text"),
    ("BYTES", "category"),
]  # fmt: skip
numbers = st.none() | st.integers(-65504, 65504) | st.floats(-65504, 65504)
texts = st.none() | st.text(max_size=3)
GOOD: dict[str, st.SearchStrategy[Any]] = {
    "FP16": numbers,
    "FP32": numbers | st.floats(-3.4e38, 3.4e38),
    "FP64": numbers | st.floats(allow_nan=False, allow_infinity=False),
    "INT8": st.integers(-128, 127),
    "INT64": st.integers(-(2**63), 2**63 - 1),
    "UINT64": st.integers(0, 2**64 - 1),
    "BOOL": st.booleans(),
    "BYTES": texts,
}
anything = texts | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(width=64) | st.just([1])


@st.composite
def tables(draw: st.DrawFn) -> list[Input]:
    """One to five tensors of one to three columns each, at most one of them text."""
    found, start = [], 0
    for i in range(draw(st.integers(1, 5))):
        datatype, content = draw(st.sampled_from(DATATYPES))
        n = draw(st.integers(1, 3))
        names = tuple(f"c{k}" for k in range(start, start + n))
        start += n
        shape = (-1,) if n == 1 and draw(st.booleans()) else (-1, n)
        found.append(
            Input(name=f"t{i}", datatype=datatype, shape=shape, content=content, columns=names)
        )
    return found


def fits(datatype: Datatype, value: Any) -> bool:
    """The rule for one value, as the documentation has it."""
    if datatype == "BYTES":
        return value is None or type(value) is str
    if datatype == "BOOL":
        return type(value) is bool
    if datatype.startswith("FP"):
        limit = {"FP16": 65504.0, "FP32": 3.4028234663852886e38, "FP64": 1.7976931348623157e308}[
            datatype
        ]
        # NaN, which JSON does not have, counts as missing.
        return value is None or (type(value) in (int, float) and not abs(value) > limit)
    low, high = {"INT8": (-128, 127), "INT64": (-(2**63), 2**63 - 1), "UINT64": (0, 2**64 - 1)}[
        datatype
    ]
    return type(value) is int and low <= value <= high


def plain(tensor: Input, rows: list[dict[str, Any]]) -> Array:
    """The array of one tensor, value by value."""
    array = np.empty((len(rows), len(tensor.columns)), tensor.dtype)
    for i, row in enumerate(rows):
        for j, name in enumerate(tensor.columns):
            missing = "" if tensor.datatype == "BYTES" else np.nan
            array[i, j] = missing if row[name] is None else row[name]
    return array.reshape(len(rows), *tensor.row)


def first_fault(tensors: list[Input], row: dict[str, Any] | None) -> str | None:
    """The column that a row is refused for; the empty string for the whole row."""
    if row is None:
        return ""
    known = {name: tensor.datatype for tensor in tensors for name in tensor.columns}
    for name in row:
        if name not in known:
            return name
    if len(row) < len(known):
        return "missing"
    return next((name for name, value in row.items() if not fits(known[name], value)), None)


@st.composite
def drawn_row(draw: st.DrawFn, names: list[str], kinds: dict[str, Datatype]) -> Any:
    """Mostly a row that is right, in any order of its columns."""
    odd = draw(st.sampled_from([*["none"] * 12, "drop", "add", "null", "value"]))
    if odd == "null":
        return None
    row = {name: draw(GOOD[kinds[name]]) for name in draw(st.permutations(names))}
    if odd == "add":
        row["other"] = 1
    elif odd != "none":
        name = draw(st.sampled_from(names))
        row[name] = draw(anything)
        if odd == "drop":
            del row[name]
    return row


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_rows_are_as_a_plain_reference_has_them(data: st.DataObject) -> None:
    tensors = data.draw(tables())
    names = [name for tensor in tensors for name in tensor.columns]
    kinds = {name: t.datatype for t in tensors for name in t.columns}
    rows = [data.draw(drawn_row(names, kinds)) for _ in range(data.draw(st.integers(1, 4)))]
    decoder = ColumnDecoder(tensors)
    faults = [first_fault(tensors, row) for row in rows]
    bad = next((i for i, fault in enumerate(faults) if fault is not None), None)
    if bad is None:
        batch = decoder.decode(rows)
        assert set(batch) == {tensor.name for tensor in tensors}
        for tensor in tensors:
            array = batch[tensor.name]
            assert (array.dtype, array.shape) == (tensor.dtype, (len(rows), *tensor.row))
            np.testing.assert_array_equal(array, plain(tensor, rows))
        return
    with pytest.raises(InvalidError) as caught:
        decoder.decode(rows)
    error = caught.value
    assert error.loc is not None
    assert error.loc[:2] == ["instances", bad]
    if faults[bad] == "missing":
        assert error.loc[2] in set(names) - set(rows[bad])
    elif faults[bad]:
        assert error.loc[2] == faults[bad]
    else:
        assert len(error.loc) == 2
