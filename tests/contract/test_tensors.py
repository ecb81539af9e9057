"""What inputs and outputs may be."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from contract.tensors import Input, Output


def image(shape: tuple[int, ...], layout: str, datatype: str = "UINT8") -> Input:
    return Input.model_validate(
        {"name": "x", "datatype": datatype, "shape": shape, "content": "image", "layout": layout}
    )


@pytest.mark.parametrize(
    ("shape", "layout", "channels", "size"),
    [
        ((-1, 28, 20), "HW", 1, (28, 20)),
        ((-1, 32, 30, 3), "HWC", 3, (32, 30)),
        ((-1, 3, 224, 200), "CHW", 3, (224, 200)),
        ((-1, 4, 8, 8), "CHW", 4, (8, 8)),
    ],
)
def test_an_image_of_any_layout(
    shape: tuple[int, ...], layout: str, channels: int, size: tuple[int, int]
) -> None:
    found = image(shape, layout)
    assert (found.channels, found.size) == (channels, size)


@pytest.mark.parametrize(
    ("shape", "layout", "message"),
    [
        ((-1, 28, 28), "CHW", "layout CHW; it must be numbers"),
        ((-1, 3, 28, 28), "HW", "it must be numbers"),
        ((-1, 2, 28, 28), "CHW", "has 2 channels"),
        ((-1, 3, 28, 28), "HWC", "has 28 channels"),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(
    shape: tuple[int, ...], layout: str, message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        image(shape, layout)


NUMBER: dict[str, Any] = {
    "name": "x", "datatype": "FP32", "shape": (-1, 2), "content": "number", "columns": ("a", "b"),
}  # fmt: skip
RANGE = {"content": "number", "range": {"low": 0, "high": 1}, "missing": 0}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"shape": (-1,), "columns": ("a",)},
        {"columns": ()},
        {"columns": (), "shape": (-1, 3, 7)},
        {"datatype": "BYTES", "content": "category"},
        {"datatype": "INT64", "content": "category"},
        {"datatype": "BYTES", "content": "text"},
        {"seen": [RANGE, RANGE]},
        {"columns": (), "seen": [RANGE]},
    ],
)
def test_columns_of_any_content(changes: dict[str, Any]) -> None:
    Input.model_validate(NUMBER | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": ("a",)}, "names 1 columns"),
        ({"shape": (-1, 2, 1)}, "names 2 columns"),
        ({"datatype": "BYTES"}, "must not be BYTES"),
        ({"datatype": "FP32", "content": "category"}, "must be BYTES or whole numbers"),
        ({"content": "text"}, "must be BYTES, not FP32"),
        ({"datatype": "BYTES", "content": "text", "columns": ()}, "needs the names"),
        ({"layout": "HW"}, "not an image, so it must not have a layout"),
        ({"seen": [RANGE]}, "one per column"),
        ({"seen": [RANGE, {**RANGE, "range": {"low": 2, "high": 1}}]}, "must not be above"),
        (
            {"seen": [{"content": "category", "categories": ["a"], "missing": 0}] * 2},
            "must be of content number",
        ),
    ],
)
def test_columns_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Input.model_validate(NUMBER | changes)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            {"datatype": "FP32", "shape": (-1,), "role": "label", "encoding": "index"},
            "role label",
        ),
        (
            {"datatype": "INT64", "shape": (-1, 2), "role": "label", "encoding": "index"},
            "role label",
        ),
        ({"datatype": "INT64", "shape": (-1,), "role": "label"}, "must have an encoding"),
        ({"datatype": "BYTES", "shape": (-1,), "role": "label", "encoding": "index"}, "is text"),
        ({"datatype": "INT64", "shape": (-1,), "role": "value"}, "the role value"),
        ({"datatype": "FP32", "shape": (-1, 3), "role": "interval"}, "role interval"),
        ({"datatype": "FP32", "shape": (-1,), "role": "value", "encoding": "value"}, "encoding"),
        ({"datatype": "FP32", "shape": (-1,), "role": "value", "level": 0.9}, "not have a level"),
    ],
)
def test_a_role_that_does_not_fit_is_refused(output: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Output.model_validate({"name": "y"} | output)
