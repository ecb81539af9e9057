from __future__ import annotations

import torch

from training.distortion import random_affine


def square() -> torch.Tensor:
    pixels = torch.zeros(64, 1, 28, 28)
    pixels[:, :, 10:18, 10:18] = 255
    return pixels


def test_no_reach_changes_nothing() -> None:
    still = random_affine(rotation=0, scaling=0, shear=0, shift=0)
    torch.testing.assert_close(still(square()), square(), rtol=0, atol=0.01)


def test_a_shift_stays_within_its_pixels_and_differs_by_image() -> None:
    torch.manual_seed(0)
    moved = random_affine(rotation=0, scaling=0, shear=0, shift=1.0)(square())[:, 0]
    columns = torch.arange(28.0)
    centres = (moved.sum(dim=1) * columns).sum(dim=1) / moved.sum(dim=(1, 2))
    assert (centres - 13.5).abs().max() <= 1.001
    assert centres.std() > 0.3
    torch.testing.assert_close(moved.sum(dim=(1, 2)), square().sum(dim=(1, 2, 3)))


def test_scaling_changes_the_area_within_its_share() -> None:
    torch.manual_seed(0)
    scaled = random_affine(rotation=0, scaling=0.1, shear=0, shift=0)(square())
    areas = scaled.sum(dim=(1, 2, 3)) / square().sum(dim=(1, 2, 3))
    assert areas.min() > 1 / 1.1**2 - 0.02
    assert areas.max() < 1 / 0.9**2 + 0.02
    assert areas.std() > 0.03
