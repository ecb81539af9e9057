"""Which form the instances of a model have, from the content of its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contract.batch import Batch
from contract.tensors import Input
from service.errors import InvalidError, TooLargeError
from service.instances.decoder import InstanceLimits, check_instances, decoder_of
from tests.graphs import OTHER_INPUTS, REGRESSION_INPUTS, TABLE_INPUTS
from tests.repositories import IMAGES, manifest_of

LIMITS = InstanceLimits(max_rows=3, max_pixels=1000)
WEIGHT = Input(name="weight", datatype="FP32", shape=(-1,), content="number")
POINTS = Input(name="points", datatype="INT16", shape=(-1, 2), content="number")
TOWN = TABLE_INPUTS[2]


def decode(inputs: tuple[Input, ...], *instances: Any) -> Batch:
    manifest = manifest_of("m", "1", b"graph", b"golden", inputs=inputs)
    return decoder_of(manifest, LIMITS).decode(list(instances)).batch


def refused(inputs: tuple[Input, ...], *instances: Any) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        decode(inputs, *instances)
    return caught.value


def test_an_image_model_takes_images() -> None:
    digit = np.arange(784, dtype=np.uint8).reshape(28, 28)
    batch = decode((IMAGES,), digit.tolist(), digit.tolist())
    np.testing.assert_array_equal(batch["images"], [digit, digit])
    assert refused((IMAGES,), [1]).loc == ["instances", 0]


def test_a_table_model_takes_objects_by_column() -> None:
    batch = decode(TABLE_INPUTS, {"town": "Oslo", "income": 1, "age": None})
    assert {name: array.shape for name, array in batch.arrays.items()} == {
        "age": (1, 1), "income": (1, 1), "town": (1, 1),
    }  # fmt: skip


def test_a_model_of_one_table_takes_arrays_too() -> None:
    batch = decode(REGRESSION_INPUTS, [1, 2, 3], {"year": 6, "area": 5, "rooms": 4})
    assert batch["features"].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_a_model_of_one_array_takes_its_values() -> None:
    assert decode((WEIGHT,), 1, 2.5)["weight"].tolist() == [1, 2.5]
    assert decode(OTHER_INPUTS, [[1, 2], [3, 4]])["signal"].tolist() == [[[1, 2], [3, 4]]]
    assert refused(OTHER_INPUTS, [[1, 2], [3, "4"]]).loc == ["instances", 0, 1, 1]


MIXED = (WEIGHT, TOWN, POINTS)
ROW = {"weight": 70, "town": "Oslo", "points": [1, 2]}


def test_a_model_of_several_inputs_takes_objects_by_input_and_column() -> None:
    batch = decode(MIXED, ROW, {"points": [3, 4], "weight": 71, "town": None})
    assert {name: array.tolist() for name, array in batch.arrays.items()} == {
        "weight": [70, 71], "points": [[1, 2], [3, 4]], "town": [["Oslo"], [""]],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "loc", "message"),
    [
        (7, [], "instances[1] is 7; it must be an object with weight, points, town"),
        ([1, 2], [], "instances[1] is an array; it must be an object with weight, points"),
        (ROW | {"x": 1}, ["x"], 'instances[1] has "x", which the model does not take; it takes'),
        ({"weight": 1, "town": ""}, ["points"], 'instances[1] lacks "points"; send it with every'),
        ({"weight": 1, "points": [1, 2]}, ["town"], 'instances[1] lacks the column "town"; send'),
        (ROW | {"town": 1}, ["town"], "instances[1].town is 1; the column takes a string"),
        (ROW | {"weight": None}, ["weight"], "instances[1].weight is null; it must be a number"),
        (ROW | {"points": [1]}, ["points"], "instances[1].points has 1 elements; it must be"),
        (ROW | {"points": [1, 2.5]}, ["points", 1], "instances[1].points[1] is 2.5; it must be"),
        (ROW | {"points": [1, 2**15]}, ["points", 1], "instances[1].points[1] is 32768; it must"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    row: Any, loc: list[str | int], message: str
) -> None:
    error = refused(MIXED, ROW, row)
    assert message in str(error)
    assert error.loc == ["instances", 1, *loc]


@pytest.mark.parametrize(
    ("instances", "message"),
    [
        (None, "instances is missing; send an array of rows"),
        ({}, "instances is an object; it must be an array of rows"),
        ("rows", 'instances is "rows"; it must be an array of rows'),
        ([], "instances is empty; send at least one row"),
    ],
)
def test_instances_are_an_array_of_rows(instances: Any, message: str) -> None:
    with pytest.raises(InvalidError, match=message) as caught:
        check_instances(instances, LIMITS.max_rows)
    assert caught.value.loc == ["instances"]


def test_there_are_at_most_so_many_rows() -> None:
    assert check_instances([0] * 3, 3) == [0] * 3
    with pytest.raises(TooLargeError, match="instances holds 4 rows; at most 3 are allowed"):
        check_instances([0] * 4, 3)
