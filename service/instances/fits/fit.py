"""Which fits there are, and how one is applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from contract.messages import describe
from service.errors import InvalidError
from service.instances.fits.mnist import normalised
from service.instances.fits.resize import resized
from service.instances.pictures.channels import Pixels
from service.instances.pictures.refused import RefusedError
from service.instances.spec import ImageSpec

Fit = Literal["none", "resize", "mnist"]
FITS: tuple[Fit, ...] = get_args(Fit)


@dataclass(frozen=True)
class FitReport:
    """What was done to one picture, in order: one phrase per step, none where nothing was."""

    steps: tuple[str, ...]


def parse_fit(value: Any) -> Fit:
    """The fit that a request names; `none` where it names none.

    Raises:
        InvalidError: not one of `FITS`.
    """
    if value is None:
        return "none"
    for fit in FITS:
        if value == fit:
            return fit
    raise InvalidError(
        f'fit is {describe(value)}; it must be "none", "resize" or "mnist"', loc=["fit"]
    )


def apply(pixels: Pixels, spec: ImageSpec, fit: Fit) -> tuple[Pixels, FitReport]:
    """Turn pixels of any size into an image of the model.

    Args:
        pixels: uint8 [height, width] for grey, or [height, width, channels]: 2 for grey and
            opacity, 3 for RGB, 4 for RGB and opacity.
        spec: the images that the model takes.
        fit: `resize` or `mnist`.

    Returns:
        uint8 in the shape and layout of the model's images, and what was done

    Raises:
        RefusedError: the model's images are not MNIST's, or the picture holds no ink.
    """
    if fit == "resize":
        image, steps = resized(pixels, spec)
    elif spec.is_mnist:
        image, steps = normalised(pixels)
    else:
        raise RefusedError(
            'cannot be fitted by "mnist": that is for models of grey 28x28 images, and this one '
            f'takes {spec.colour} {spec.size}; send "fit": "resize"'
        )
    return spec.laid_out(image), FitReport(tuple(steps))
