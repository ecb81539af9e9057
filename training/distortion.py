"""Random affine distortion of images, so that every epoch sees different data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def random_affine(
    *, rotation: float, scaling: float, shear: float, shift: float
) -> Callable[[Tensor], Tensor]:
    """A function that distorts each image of [n, 1, 28, 28] by a random affine map, bilinearly.

    Args:
        rotation: largest angle to either side, in degrees.
        scaling: largest change of size per axis, as a share.
        shear: largest shear, as a share.
        shift: largest shift per axis, in pixels.
    """
    reach = torch.tensor(
        [np.radians(rotation), scaling, scaling, shear, shift / 14, shift / 14],
        dtype=torch.float32,
    )

    def distort(pixels: Tensor) -> Tensor:
        u = (torch.rand(len(pixels), 6) * 2 - 1) * reach
        cos, sin = u[:, 0].cos(), u[:, 0].sin()
        rows = [
            torch.stack([cos * (1 + u[:, 1]), u[:, 3] - sin, u[:, 4]], dim=1),
            torch.stack([sin, cos * (1 + u[:, 2]), u[:, 5]], dim=1),
        ]
        theta = torch.stack(rows, dim=1).to(pixels.device)
        grid = F.affine_grid(theta, list(pixels.shape), align_corners=False)
        return F.grid_sample(pixels, grid, align_corners=False)

    return distort
