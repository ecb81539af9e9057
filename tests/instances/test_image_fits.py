"""Images of any size in a request, for a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from service.errors import InvalidError, TooLargeError
from service.instances.fits import Fit
from tests.instances.test_image import DIGIT, GREY, ROWS, SHAPE, decode, decoder, encoded


def test_pictures_of_any_size_have_a_limit_together() -> None:
    white = encoded(Image.new("L", (100, 100), 255))
    small = decoder((4, 4), max_pixels=10_000)
    assert decode([white] * 16, small, "resize").shape == (16, 4, 4)
    with pytest.raises(
        TooLargeError, match=r"instances\[16\] and the pictures before it have more"
    ):
        decode([white] * 17, small, "resize")


def test_rows_of_any_size_have_the_limit_of_a_picture() -> None:
    with pytest.raises(TooLargeError, match=r"is 10x11, 110 pixels; at most 100 are taken"):
        decode([[[0] * 10] * 11], decoder(max_pixels=100), "mnist")


ANY_SIZE: list[tuple[Any, str]] = [
    (7, "instances[0] is 7; it must be an array of pixels, or base64 text of a PNG or JPEG"),
    ([7], "instances[0][0] is 7; it must be an array of pixels"),
    ([], "instances[0] is empty; it must hold at least one pixel"),
    ([[]], "instances[0][0] is empty"),
    ([[[]]], "instances[0][0][0] is empty"),
    ([[[1, 2]]], "instances[0][0][0] has 2 channels; with a fit, a pixel is an integer, or"),
    ([[1, 2], [3]], "instances[0][1] has 1 pixels; it must have 2"),
    ([[1, 2], 3], "instances[0][1] is 3; it must be an array of 2 pixels"),
    ([[1, 256]], "instances[0][0][1] is 256; a pixel is an integer from 0 to 255"),
    ([[1, True]], "instances[0][0][1] is true; a pixel is"),
    ([[[1, 2, 3], [1, 2]]], "instances[0][0][1] has 2 channels; it must have 3"),
    ([[[1, 2, 3], 4]], "instances[0][0][1] is 4; it must be an array of 3 channels"),
    ([[[[1], 2, 3]]], "instances[0][0][0][0] is an array; a pixel is an integer"),
]


@pytest.mark.parametrize(("instance", "message"), ANY_SIZE)
@pytest.mark.parametrize("fit", ["resize", "mnist"])
def test_wrong_rows_of_any_size_are_named(instance: Any, message: str, fit: Fit) -> None:
    with pytest.raises(InvalidError) as caught:
        decode([instance], fit=fit)
    assert message in str(caught.value)


def test_a_fit_reports_what_was_done_to_each_image() -> None:
    instances = [(255 - np.pad(DIGIT, 30)).tolist(), encoded(Image.new("RGB", (56, 56), "red"))]
    places = ["instances[0]", "instances[1]"]
    images, reports = GREY.decode(instances, places, "resize")
    assert images.shape == (2, *SHAPE)
    assert reports is not None
    assert [report.steps for report in reports] == [
        ("scaled from 88x88 to 28x28",),
        ("scaled from 56x56 to 28x28", "converted to grey"),
    ]
    # ITU-R BT.601: 0.299 of red.
    assert (images[1] == 76).all()
    assert GREY.decode([ROWS], places[:1])[1] is None
