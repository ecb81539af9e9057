"""JSON values to tensors, for every datatype."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.errors import InvalidError
from service.protocol.data import decode_data, encode_data
from service.protocol.datatypes import DATATYPES

GOOD: dict[str, list[Any]] = {
    "BOOL": [True, False, True, True],
    "UINT8": [0, 255, 3, 4],
    "UINT16": [0, 2**16 - 1, 3, 4],
    "UINT32": [0, 2**32 - 1, 3, 4],
    "UINT64": [0, 2**64 - 1, 3, 4],
    "INT8": [-128, 127, 3, 4],
    "INT16": [-(2**15), 2**15 - 1, 3, 4],
    "INT32": [-(2**31), 2**31 - 1, 3, 4],
    "INT64": [-(2**63), 2**63 - 1, 3, 4],
    "FP16": [-65504.0, 65504, 0.5, 4],
    "FP32": [-3.4e38, 1, 0.5, 4],
    "FP64": [-1.7e308, 1, 0.5, 4],
    "BYTES": ["", "ä", "a:b", "\u0000"],
}
BAD: dict[str, list[Any]] = {
    "BOOL": [1, "true", None, 0.0, [True]],
    "UINT8": [256, -1, 1.0, True, "7", None, [1], {}],
    "UINT16": [2**16, -1, 1.0, True],
    "UINT32": [2**32, -1, 1.0, True],
    "UINT64": [-1, 1.0, 1e19, True],
    "INT8": [128, -129, 1.5, False, "1"],
    "INT16": [2**15, 1.5],
    "INT32": [2**31, 1.5, False],
    "INT64": [2**63, 1.5, None],
    "FP16": [65505, 1e5, True, "1"],
    "FP32": [1e39, -1e39, False, None, "nan"],
    "FP64": [float("inf"), float("nan"), True, [1.0]],
    "BYTES": [1, None, True, ["a"]],
}


def test_every_datatype_is_tried() -> None:
    assert GOOD.keys() == BAD.keys() == DATATYPES.keys()


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("booleans", [True, False])
def test_values_come_back(name: str, booleans: bool) -> None:
    datatype = DATATYPES[name]
    values = GOOD[name]
    booleans = booleans or name == "BOOL"
    for data in (values, [values[:2], values[2:]]):
        array = decode_data(data, datatype, (2, 2), "data", booleans=booleans)
        assert (array.shape, array.dtype) == ((2, 2), datatype.dtype)
        expected = np.array(values, datatype.dtype) if name != "BYTES" else None
        back = encode_data(array, datatype)
        if expected is None:
            assert back == values
        else:
            np.testing.assert_array_equal(back, expected)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in BAD.items() for v in vs])
def test_a_wrong_value_is_named(name: str, value: Any) -> None:
    good = GOOD[name]
    for data, place in (
        ([good[0], good[1], good[2], value], "data[3]"),
        ([good[:2], [good[2], value]], "data[1][1]"),
    ):
        with pytest.raises(InvalidError) as caught:
            decode_data(data, DATATYPES[name], (2, 2), "data")
        message = str(caught.value)
        assert message.startswith(f"{place} is ")
        assert f"; {name} takes {DATATYPES[name].range}" in message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "data is null; it must be an array"),
        ("1234", 'data is "1234"; it must be an array'),
        ({"0": 1}, "data is an object"),
        ([], "data has 0 elements; shape [2, 2] has 4"),
        ([1, 2, 3], "data has 3 elements; shape [2, 2] has 4"),
        ([1, 2, 3, 4, 5], "data has 5 elements"),
        ([[1, 2]], "data has 1 elements; shape [2, 2] needs 2 there"),
        ([[1, 2], [3]], "data[1] has 1 elements; shape [2, 2] needs 2 there"),
        ([[1, 2], 3], "data[1] is 3; it must be an array of 2"),
        ([[1, 2], None], "data[1] is null; it must be an array of 2"),
        ([[1, 2], [3, [4]]], "data[1][1] is an array; UINT8 takes an integer"),
        ([1, 2, 3, [4]], "data[3] is an array; UINT8 takes an integer"),
        ([[[1, 2], [3, 4]]], "data has 1 elements"),
    ],
)
def test_a_wrong_shape_is_named(data: Any, message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        decode_data(data, DATATYPES["UINT8"], (2, 2), "data")
    assert message in str(caught.value)


def test_a_vector_is_flat_and_nested_at_once() -> None:
    assert decode_data([1, 2], DATATYPES["INT64"], (2,), "data").tolist() == [1, 2]
    with pytest.raises(InvalidError, match=r"data\[0\] is an array; INT64 takes"):
        decode_data([[1, 2], 3], DATATYPES["INT64"], (2,), "data")
