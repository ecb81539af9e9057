"""Rows of tables: values by column name, checked by type, null where one is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contract.seen import CategoryRange
from contract.tensors import Content, Datatype, Input
from service.errors import InvalidError
from service.instances.columns import ColumnDecoder


def column(name: str, datatype: Datatype = "FP32", content: Content = "number") -> Input:
    """A tensor of one column."""
    return Input(name=name, datatype=datatype, shape=(-1,), content=content, columns=(name,))


def matrix(name: str, *columns: str, datatype: Datatype = "FP32") -> Input:
    """A tensor of several columns."""
    return Input(
        name=name, datatype=datatype, shape=(-1, len(columns)), content="number", columns=columns
    )


PEOPLE = ColumnDecoder(
    [
        column("age"),
        column("town", "BYTES", "category"),
        column("children", "INT8"),
        column("member", "BOOL"),
        column("note", "BYTES", "text"),
        column("income"),
    ]
)
ANN = {"age": 31, "town": "Oslo", "children": 2, "member": True, "note": "", "income": 1.5}
BOB = {"age": None, "town": None, "children": -128, "member": False, "note": None, "income": None}


def refused(decoder: ColumnDecoder, *rows: Any) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        decoder.decode(list(rows))
    return caught.value


def test_every_kind_of_column_has_its_array() -> None:
    batch = PEOPLE.decode([ANN, BOB])
    assert {name: array.dtype for name, array in batch.arrays.items()} == {
        "age": np.float32, "income": np.float32, "town": object, "note": object,
        "children": np.int8, "member": np.bool_,
    }  # fmt: skip
    assert all(array.shape == (2,) for array in batch.arrays.values())
    assert batch["town"].tolist() == ["Oslo", ""]
    assert batch["note"].tolist() == ["", ""]
    assert batch["children"].tolist() == [2, -128]
    assert batch["member"].tolist() == [True, False]


def test_null_is_missing() -> None:
    """NaN for a number, the empty string for a text."""
    batch = PEOPLE.decode([BOB, ANN])
    np.testing.assert_array_equal(batch["age"], np.array([np.nan, 31], np.float32))
    np.testing.assert_array_equal(batch["income"], np.array([np.nan, 1.5], np.float32))
    assert batch["town"].tolist() == ["", "Oslo"]


def test_not_a_number_is_missing_for_callers_within_the_process() -> None:
    """JSON does not have it. It is not blamed for what is wrong with another row."""
    nan = ANN | {"age": float("nan")}
    assert np.isnan(PEOPLE.decode([nan])["age"])
    assert refused(PEOPLE, nan, ANN | {"age": "x"}).loc == ["instances", 1, "age"]


def test_the_order_of_columns_in_a_row_is_irrelevant() -> None:
    turned = dict(reversed(ANN.items()))
    first, second = PEOPLE.decode([ANN]), PEOPLE.decode([turned])
    for name in first:
        assert first[name].tolist() == second[name].tolist()


def test_a_column_may_be_a_matrix_of_one() -> None:
    decoder = ColumnDecoder(
        [
            Input(name=n, datatype=d, shape=(-1, 1), content=c, columns=(n,))
            for n, d, c in (("age", "FP64", "number"), ("town", "BYTES", "text"))
        ]
    )
    batch = decoder.decode([{"age": 1, "town": "a"}, {"age": 2, "town": "b"}])
    assert batch["age"].tolist() == [[1.0], [2.0]]
    assert batch["town"].tolist() == [["a"], ["b"]]


def test_a_matrix_has_its_columns_in_order() -> None:
    decoder = ColumnDecoder([matrix("x", "a", "b", "c")])
    rows = [{"c": 3, "b": 2, "a": 1}, {"a": 4, "c": None, "b": 5}]
    (array,) = decoder.decode(rows).arrays.values()
    np.testing.assert_array_equal(array, np.array([[1, 2, 3], [4, 5, np.nan]], np.float32))
    assert array.flags.c_contiguous


def test_a_row_of_a_model_of_one_tensor_may_be_an_array() -> None:
    decoder = ColumnDecoder([matrix("x", "a", "b")])
    batch = decoder.decode([[1, None], {"b": 4, "a": 3}])
    np.testing.assert_array_equal(batch["x"], np.array([[1, np.nan], [3, 4]], np.float32))
    error = refused(decoder, [1, 2], [1, 2, 3])
    assert str(error) == "instances[1] has 3 values; the model takes 2: a, b"
    assert error.loc == ["instances", 1]
    error = refused(decoder, [1, "2"])
    message = 'instances[0].b is "2"; the column takes a number up to 3.40282e+38, or null'
    assert str(error) == message
    assert error.loc == ["instances", 0, "b"]


def test_several_tensors_of_several_columns_stand_side_by_side() -> None:
    decoder = ColumnDecoder(
        [matrix("x", "a", "b"), column("town", "BYTES", "text"), column("d"),
         matrix("y", "c", "e", datatype="INT16"), column("f")]
    )  # fmt: skip
    row = {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "town": "Oslo"}
    batch = decoder.decode([row, row])
    assert {name: array.tolist() for name, array in batch.arrays.items()} == {
        "x": [[1, 2]] * 2, "y": [[3, 5]] * 2, "d": [4] * 2, "f": [6] * 2, "town": ["Oslo"] * 2,
    }  # fmt: skip
    error = refused(decoder, [1, 2, "Oslo", 4, 3, 5, 6])
    assert str(error).startswith("instances[0] is an array; a row is an object with a value for")


def without(name: str) -> dict[str, Any]:
    return {k: v for k, v in ANN.items() if k != name}


TAKES = "it takes age, income, town, note, children, member"
WRONG: dict[str, tuple[Any, list[str | int], str]] = {
    "no object": (7, [], "is 7; a row is an object with a value for each column: age, income, to"),
    "null": (None, [], "is null; a row is an object"),
    "an array": ([1] * 6, [], "is an array; a row is an object"),
    "unknown": (ANN | {"wage": 1}, ["wage"], f'has the column "wage", which the model does not '
                f"take; {TAKES}"),
    "unknown and missing": (without("age") | {"Age": 1}, ["Age"], f'"Age", which the model does '
                            f"not take; {TAKES}"),
    "missing": (without("town"), ["town"], 'lacks the column "town"; send null where a value is'),
    "several missing": ({"age": 1}, ["income"], 'lacks the column "income" and 4 more columns; se'),
    "empty": ({}, ["age"], 'lacks the column "age" and 5 more columns; send null'),
    "quoted number": (ANN | {"age": "31"}, ["age"], '.age is "31"; the column takes a number up '
                      "to 3.40282e+38, or null"),
    "boolean for a number": (ANN | {"age": True}, ["age"], ".age is true; the column takes a numb"),
    "list for a number": (ANN | {"age": [1]}, ["age"], ".age is an array; the column takes a numb"),
    "above": (ANN | {"income": 3.5e38}, ["income"], ".income is 3.5e+38; the column takes a numbe"),
    "below": (ANN | {"income": -(10**40)}, ["income"], ".income is -1000000"),
    "beyond any float": (ANN | {"income": 10**400}, ["income"], ".income is 1000000"),
    "number for a text": (ANN | {"town": 5}, ["town"], ".town is 5; the column takes a string, or"),
    "boolean for a text": (ANN | {"note": False}, ["note"], ".note is false; the column takes a s"),
    "float for an integer": (ANN | {"children": 2.0}, ["children"], ".children is 2.0; the column "
                             "takes an integer from -128 to 127"),
    "null for an integer": (ANN | {"children": None}, ["children"], ".children is null; the colum"),
    "true for an integer": (ANN | {"children": True}, ["children"], ".children is true; the colum"),
    "integer above": (ANN | {"children": 128}, ["children"], ".children is 128; the column takes"),
    "huge integer": (ANN | {"children": 10**30}, ["children"], ".children is 1000000"),
    "number for a boolean": (ANN | {"member": 1}, ["member"], ".member is 1; the column takes true "
                             "or false"),
    "null for a boolean": (ANN | {"member": None}, ["member"], ".member is null; the column takes"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_place(case: str) -> None:
    row, loc, message = WRONG[case]
    for before in ([], [ANN, BOB]):
        error = refused(PEOPLE, *before, row, ANN)
        at = len(before)
        assert message in str(error)
        assert str(error).startswith(f"instances[{at}]")
        assert error.loc == ["instances", at, *loc]


def test_the_first_row_that_is_wrong_is_named() -> None:
    """Whichever column is looked at first."""
    error = refused(PEOPLE, ANN, ANN | {"member": 0}, ANN | {"age": "x"})
    assert error.loc == ["instances", 1, "member"]


def test_a_message_names_ten_columns_at_most() -> None:
    wide = ColumnDecoder([matrix("x", *(f"c{i}" for i in range(500)))])
    assert str(refused(wide, 1)).endswith("c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 490 more")
    error = refused(wide, {f"c{i}": 0 for i in range(499)} | {"x" * 5000: 1})
    assert len(str(error)) < 400
    assert error.loc is not None
    assert len(str(error.loc[2])) == 100


def told(name: str, *categories: str) -> Input:
    """A category column of which training saw these."""
    seen = CategoryRange(content="category", categories=categories, missing=0.0)
    plain = column(name, "BYTES", "category")
    return Input.model_validate({**plain.model_dump(), "seen": [seen.model_dump()]})


def test_true_and_false_are_taken_where_training_saw_nothing_else() -> None:
    decoder = ColumnDecoder([told("smoker", "false", "true"), told("town", "Oslo", "Rome")])
    rows = [
        {"smoker": True, "town": "Rome"},
        {"smoker": "false", "town": None},
        {"smoker": None, "town": "Oslo"},
    ]
    batch = decoder.decode(rows)
    assert batch["smoker"].tolist() == ["true", "false", ""]
    assert batch["town"].tolist() == ["Rome", "", "Oslo"]


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        (("False", "True"), ["True", "False"]),  # as pandas writes a CSV file
        (("FALSE", "TRUE"), ["TRUE", "FALSE"]),
        (("True",), ["True", "false"]),  # the other one is new to the model, however it is spelled
        (("True", "false", "true"), ["true", "false"]),
    ],
)
def test_true_and_false_are_spelled_as_training_saw_them(
    categories: tuple[str, ...], expected: list[str]
) -> None:
    batch = ColumnDecoder([told("smoker", *categories)]).decode(
        [{"smoker": True}, {"smoker": False}]
    )
    assert batch["smoker"].tolist() == expected


def test_a_column_of_which_training_saw_nothing_takes_no_booleans() -> None:
    with pytest.raises(InvalidError, match="smoker is true; the column takes a string, or null"):
        ColumnDecoder([told("smoker")]).decode([{"smoker": True}])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"smoker": True, "town": True}, r"town is true; the column takes a string, or null"),
        ({"smoker": 1, "town": "Rome"}, r"smoker is 1; the column takes a string, true, false,"),
    ],
)
def test_booleans_are_refused_elsewhere(row: dict[str, Any], message: str) -> None:
    decoder = ColumnDecoder([told("smoker", "false", "true"), told("town", "Oslo", "Rome")])
    with pytest.raises(InvalidError, match=message):
        decoder.decode([row])
