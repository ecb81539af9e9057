"""Random affine distortion of images, so that every epoch sees other ones."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# Largest angle to either side; change of size, shear and shift as shares.
ROTATION = math.radians(10)
SCALING, SHEAR, SHIFT = 0.1, 0.1, 0.07


def distorted(planes: Tensor, generator: torch.Generator) -> Tensor:
    """Each image [n, channels, height, width] turned, scaled, sheared and shifted, bilinearly.

    What comes in from outside has the colour of the image's edge.
    """
    reach = torch.tensor([ROTATION, SCALING, SCALING, SHEAR, SHIFT, SHIFT])
    u = (torch.rand(len(planes), 6, generator=generator) * 2 - 1) * reach
    cos, sin = u[:, 0].cos(), u[:, 0].sin()
    # Coordinates run from -1 to 1 on both axes, so a turn of a wide image is undone in its shape.
    wide = planes.shape[3] / planes.shape[2]
    theta = torch.stack(
        [
            torch.stack([cos * (1 + u[:, 1]), (u[:, 3] - sin) / wide, u[:, 4]], dim=1),
            torch.stack([sin * wide, cos * (1 + u[:, 2]), u[:, 5]], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(theta, list(planes.shape), align_corners=False)
    return F.grid_sample(planes, grid, padding_mode="border", align_corners=False)
