"""Brightness of images, and the range of a training set."""

from __future__ import annotations

import numpy as np
import pytest

from contract.brightness import MARGIN, Brightness, image_range
from contract.tensors import Layout

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 6, 7), np.uint8)


@pytest.mark.parametrize("layout", ["CHW", "HWC"])
def test_border_mean_and_maximum_of_colour(layout: Layout) -> None:
    images = IMAGES if layout == "CHW" else IMAGES.transpose(0, 2, 3, 1)
    brightness = Brightness(images.shape[1:], layout)
    totals = brightness.totals(images)
    inside = IMAGES[:, :, 1:-1, 1:-1].sum(axis=(1, 2, 3))
    whole = IMAGES.sum(axis=(1, 2, 3))
    assert [one.border for one in totals] == (whole - inside).tolist()
    assert [one.all for one in totals] == whole.tolist()
    assert [one.maximum for one in totals] == IMAGES.max(axis=(1, 2, 3)).tolist()
    assert (brightness.border_values, brightness.values) == (3 * (42 - 20), 3 * 42)


def test_the_range_is_widened_by_the_margin_within_0_and_255() -> None:
    images = np.zeros((2, 4, 4), np.uint8)
    images[0, 1:3, 1:3] = 120
    images[1] = 60
    images[1, 0, 0] = 180
    seen = image_range(images)
    found = [(limits.low, limits.high) for limits in (seen.border_mean, seen.mean, seen.maximum)]
    expected = [(0, 70 * MARGIN), (30 / MARGIN, 67.5 * MARGIN), (120 / MARGIN, 255)]
    np.testing.assert_allclose(found, expected, atol=0.05001)


@pytest.mark.parametrize("side", [1, 2])
def test_small_images_are_all_border(side: int) -> None:
    images = np.full((1, side, side), 9, np.uint8)
    (totals,) = Brightness((side, side)).totals(images)
    assert totals == (9 * side * side, 9 * side * side, 9)


@pytest.mark.parametrize("shape", [(1, 9), (2, 9), (3, 3), (9, 4), (28, 28), (32, 32), (33, 32)])
@pytest.mark.parametrize("highest", [0, 1, 16, 200, 254, 255])
def test_one_image_is_measured_as_several_are(shape: tuple[int, int], highest: int) -> None:
    """A single small image takes another way through the code."""
    brightness = Brightness(shape)
    images = np.random.default_rng(1).integers(0, highest + 1, (20, *shape), np.uint8)
    images[:5] = highest
    images[5:10, 1:-1, 1:-1] = 0
    images[10:15, 0] = 0
    alone = [brightness.totals(images[i : i + 1]) for i in range(len(images))]
    assert [one for (one,) in alone] == brightness.totals(images)


@pytest.mark.parametrize("border", [0, 3, 9, 100])
def test_the_images_themselves_are_within_their_range(border: int) -> None:
    """Rounding goes outwards, however little ink there is."""
    images = np.zeros((3, 28, 28), np.uint8)
    images[0, 0, :1] = border
    images[1, 0, :3] = border
    images[2, 14] = 200
    images[:, 1, 1] = 1
    brightness, seen = Brightness((28, 28)), image_range(images)
    for one in brightness.totals(images):
        assert (
            seen.border_mean.low <= one.border / brightness.border_values <= seen.border_mean.high
        )
        assert seen.mean.low <= one.all / brightness.values <= seen.mean.high
        assert seen.maximum.low <= one.maximum <= seen.maximum.high
