"""Plain arrays of numbers: nested lists of the row's shape, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.tensors import Datatype, Input
from service.errors import InvalidError
from service.instances.arrays import ArrayDecoder


def tensor(datatype: Datatype, *row: int) -> Input:
    return Input(name="x", datatype=datatype, shape=(-1, *row), content="number")


def places(rows: list[Any], name: str = "") -> list[str]:
    return [f"instances[{i}]{name}" for i in range(len(rows))]


def refused(decoder: ArrayDecoder, *rows: Any, name: str = "") -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        decoder.decode(list(rows), places(list(rows), name))
    return caught.value


GOOD: list[tuple[Datatype, tuple[int, ...], list[Any]]] = [
    ("FP32", (), [1, 2.5, -3.4e38]),
    ("FP16", (1,), [[65504], [-0.5], [0]]),
    ("FP64", (2, 2), [[[1, 2], [3, 4.5]], [[1e308, 0], [0, 0]]]),
    ("INT8", (3,), [[-128, 0, 127]]),
    ("UINT64", (1, 1), [[[2**64 - 1]], [[0]]]),
    ("INT64", (), [-(2**63), 2**63 - 1]),
    ("BOOL", (2,), [[True, False], [False, False]]),
]


@pytest.mark.parametrize(("datatype", "row", "values"), GOOD)
def test_rows_are_taken_as_they_are(datatype: Datatype, row: tuple[int, ...], values: Any) -> None:
    spec = tensor(datatype, *row)
    array = ArrayDecoder(spec).decode(values, places(values))
    assert (array.dtype, array.shape) == (spec.dtype, (len(values), *row))
    np.testing.assert_array_equal(array, np.array(values, spec.dtype))


SHAPE = "it must be an array of shape"
BAD: list[tuple[Datatype, tuple[int, ...], Any, list[int], str]] = [
    ("FP32", (), "1", [], ' is "1"; it must be a number up to 3.40282e+38'),
    ("FP32", (), None, [], " is null; it must be a number"),
    ("FP32", (), True, [], " is true; it must be a number"),
    ("FP32", (), [1], [], " is an array; it must be a number"),
    ("FP32", (), 3.5e38, [], " is 3.5e+38; it must be a number"),
    ("FP32", (2,), 1, [], f" is 1; {SHAPE} [2]"),
    ("FP32", (2,), {"0": 1}, [], f" is an object; {SHAPE} [2]"),
    ("FP32", (2,), [1], [], f" has 1 elements; {SHAPE} [2]"),
    ("FP32", (2,), [1, 2, 3], [], f" has 3 elements; {SHAPE} [2]"),
    ("FP32", (2,), [1, "2"], [1], '[1] is "2"; it must be a number'),
    ("FP32", (2,), [1, None], [1], "[1] is null; it must be a number"),
    ("FP32", (2,), [0, -1e39], [1], "[1] is -1e+39; it must be a number"),
    ("FP16", (2,), [65505, 0], [0], "[0] is 65505; it must be a number up to 65504"),
    ("FP64", (2,), [0, 10**400], [1], "[1] is 100000"),
    ("FP32", (2, 2), [[1, 2], 3], [1], f"[1] is 3; {SHAPE} [2]"),
    ("FP32", (2, 2), [[1, 2], [3]], [1], f"[1] has 1 elements; {SHAPE} [2]"),
    ("FP32", (2, 2), [1, 2, 3, 4], [], f" has 4 elements; {SHAPE} [2, 2]"),
    ("FP32", (2, 2), [[1, 2], [3, 1e39]], [1, 1], "[1][1] is 1e+39; it must be a number"),
    ("INT8", (2,), [1, 128], [1], "[1] is 128; it must be an integer from -128 to 127"),
    ("INT8", (2,), [1.0, 1], [0], "[0] is 1.0; it must be an integer"),
    ("INT8", (2,), [False, 1], [0], "[0] is false; it must be an integer"),
    ("UINT64", (1,), [-1], [0], "[0] is -1; it must be an integer from 0 to"),
    ("INT64", (1,), [2**63], [0], "[0] is 9223372036854775808; it must be"),
    ("BOOL", (1,), [1], [0], "[0] is 1; it must be true or false"),
]


@pytest.mark.parametrize(("datatype", "row", "value", "at", "message"), BAD)
@pytest.mark.parametrize("name", ["", ".pixels"])
def test_the_first_wrong_element_is_named(
    datatype: Datatype, row: tuple[int, ...], value: Any, at: list[int], message: str, name: str
) -> None:
    decoder = ArrayDecoder(tensor(datatype, *row))
    good: Any = np.zeros(row, bool if datatype == "BOOL" else int).tolist()
    error = refused(decoder, good, value, value, name=name)
    assert str(error).startswith(f"instances[1]{name}{message}")
    assert error.loc == ["instances", 1, *([name[1:]] if name else []), *at]


nested = st.recursive(
    st.integers(-300, 300) | st.floats(allow_nan=False) | st.booleans() | st.none() | st.text(),
    lambda inner: st.lists(inner, min_size=1, max_size=3),
    max_leaves=9,
)


def reference(value: Any, shape: tuple[int, ...]) -> bool:
    """True if a value is a nested list of INT16 of a shape."""
    if not shape:
        return type(value) is int and -(2**15) <= value < 2**15
    return (
        type(value) is list
        and len(value) == shape[0]
        and all(reference(item, shape[1:]) for item in value)
    )


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([(), (1,), (2,), (2, 2), (1, 2)]),
    st.lists(nested, min_size=1, max_size=3),
    st.booleans(),
)
def test_any_rows_are_an_array_or_refused(
    shape: tuple[int, ...], rows: list[Any], right: bool
) -> None:
    if right:
        rows = [np.full(shape, i).tolist() for i in range(len(rows))]
    decoder = ArrayDecoder(tensor("INT16", *shape))
    bad = next((i for i, row in enumerate(rows) if not reference(row, shape)), None)
    if bad is None:
        array = decoder.decode(rows, places(rows))
        assert array.tolist() == rows
        assert array.dtype == np.int16
    else:
        error = refused(decoder, *rows)
        assert error.loc is not None
        assert error.loc[:1] == ["instances"]
