"""`resize`: the whole picture, not stretched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from contract.tensors import Layout
from service.errors import InvalidError
from service.instances.fits import Fit, apply, parse_fit
from service.instances.pictures.refused import RefusedError
from service.instances.spec import ImageSpec

RGB = ImageSpec(20, 30, 3, "CHW")


def test_the_aspect_ratio_is_kept_and_the_rest_has_the_colour_of_the_border() -> None:
    pixels = np.full((40, 40, 3), (10, 20, 30), np.uint8)
    pixels[5:35, 5:35] = 255
    image, report = apply(pixels, RGB, "resize")
    assert report.steps == (
        "scaled from 40x40 to 20x20",
        "padded to 30x20 with its border colour [10, 20, 30]",
    )
    assert image.shape == (3, 20, 30)
    assert (image[:, :, :5] == np.array([10, 20, 30])[:, None, None]).all()
    assert (image[:, :, 25:] == np.array([10, 20, 30])[:, None, None]).all()
    assert (image[:, 5:15, 10:20] == 255).all()


def test_a_picture_of_the_right_size_is_kept() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    image, report = apply(pixels, RGB, "resize")
    assert report.steps == ()
    np.testing.assert_array_equal(image, pixels.transpose(2, 0, 1))


def test_every_pixel_counts_when_a_picture_shrinks() -> None:
    checks = (np.indices((280, 280)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image, _ = apply(checks, ImageSpec(28, 28), "resize")
    assert np.abs(image.astype(int) - 128).max() <= 2


def test_transparent_places_are_laid_on_white() -> None:
    pixels = np.zeros((20, 30, 4), np.uint8)
    pixels[..., 3] = 128
    image, report = apply(pixels, RGB, "resize")
    assert report.steps == ("laid on white",)
    assert (image == 127).all()
    kept, report = apply(pixels, ImageSpec(20, 30, 4, "HWC"), "resize")
    assert report.steps == ()
    np.testing.assert_array_equal(kept, pixels)


def test_colour_becomes_grey_by_its_luma() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    image, report = apply(pixels, ImageSpec(20, 30), "resize")
    assert report.steps == ("converted to grey",)
    np.testing.assert_allclose(image, pixels @ [0.299, 0.587, 0.114], atol=1)
    np.testing.assert_array_equal(image, np.asarray(Image.fromarray(pixels).convert("L")))


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1)])
def test_a_line_is_not_scaled_away(shape: tuple[int, int]) -> None:
    image, report = apply(np.full(shape, 9, np.uint8), ImageSpec(28, 28), "resize")
    assert (image == 9).all()
    assert report.steps[0].endswith("to 28x1" if shape[0] == 1 else "to 1x28")


SPECS: list[tuple[tuple[int, int], int, Layout]] = [
    ((28, 28), 1, "HW"), ((28, 28), 1, "CHW"), ((5, 9), 3, "HWC"), ((9, 5), 3, "CHW"),
    ((1, 1), 4, "HWC"),
]  # fmt: skip
SIDES = st.integers(1, 45)


@settings(max_examples=300, deadline=None)
@given(
    st.tuples(SIDES, SIDES).flatmap(
        lambda size: st.sampled_from([size, *((*size, channels) for channels in (2, 3, 4))])
    ).flatmap(lambda shape: arrays.arrays(np.uint8, shape)),
    st.sampled_from(SPECS),
    st.sampled_from(["resize", "mnist"]),
)  # fmt: skip
def test_any_pixels_become_an_image_or_are_refused(
    pixels: np.ndarray, form: tuple[tuple[int, int], int, Layout], fit: Fit
) -> None:
    size, channels, layout = form
    spec = ImageSpec(*size, channels, layout)
    try:
        image, report = apply(pixels, spec, fit)
    except RefusedError:
        assert fit == "mnist"
        return
    assert image.shape == spec.row
    assert image.dtype.name == "uint8"
    assert all(isinstance(step, str) for step in report.steps)


@pytest.mark.parametrize("value", ["none", "resize", "mnist"])
def test_a_fit_is_named(value: str) -> None:
    assert parse_fit(value) == value
    assert parse_fit(None) == "none"


@pytest.mark.parametrize("value", ["", "Mnist", 1, True, ["mnist"], {}])
def test_another_fit_is_refused(value: Any) -> None:
    with pytest.raises(InvalidError, match='it must be "none", "resize" or "mnist"') as caught:
        parse_fit(value)
    assert caught.value.loc == ["fit"]
