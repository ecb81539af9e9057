"""Histograms of what training saw, which later values are compared with."""

from __future__ import annotations

from typing import Any, Self, TypedDict

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from contract.base import Probability, Record

# Deciles: enough to see a shift, and ten rows in each bin at a hundred rows.
BINS = 10
# Shares are rounded for the manifest, so they sum to 1 within this.
_ROUNDED = 1e-4
_DIGITS = 6


class Histogram(Record):
    """Shares of values by bin. The bins are quantiles, so that each holds about as many values."""

    edges: tuple[float, ...] = Field(
        description="Upper ends of all bins but the last, rising; a value equal to an edge is in "
        "the bin below it."
    )
    shares: tuple[Probability, ...] = Field(
        description="Share of the values in each bin, one more than there are edges."
    )
    values: int = Field(gt=0, description="Number of values that were counted.")

    @model_validator(mode="after")
    def _bins_agree(self) -> Self:
        if len(self.shares) != len(self.edges) + 1:
            raise ValueError(
                f"shares has {len(self.shares)} entries; it needs one more than the "
                f"{len(self.edges)} edges"
            )
        if any(left >= right for left, right in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("edges must rise")
        check_shares(self.shares)
        return self


class ImageHistograms(Record):
    """How the brightness of the training images is distributed, without a margin."""

    border_mean: Histogram = Field(description="Mean of the outermost pixels of an image.")
    mean: Histogram = Field(description="Mean of all pixels of an image.")
    maximum: Histogram = Field(description="Brightest pixel of an image.")


def check_shares(shares: tuple[float, ...]) -> None:
    """Raise ValueError unless the shares sum to 1."""
    if abs(sum(shares) - 1) > _ROUNDED * max(1, len(shares) / BINS):
        raise ValueError(f"shares sum to {sum(shares):g}; they must sum to 1")


class Shares(TypedDict):
    """The fields of a `CategoryRange` about shares."""

    shares: tuple[float, ...]
    rows: int | None


def shares_of(counts: NDArray[np.integer[Any]]) -> Shares:
    """The shares of categories that occur so often; unknown if there are none."""
    rows = int(counts.sum())
    if not rows:
        return {"shares": (), "rows": None}
    return {"shares": _rounded(counts / rows), "rows": rows}


def _rounded(shares: NDArray[np.floating[Any]]) -> tuple[float, ...]:
    """Shares as a manifest keeps them."""
    return tuple(round(float(share), _DIGITS) for share in shares)


def histogram_of(values: NDArray[Any], bins: int = BINS) -> Histogram | None:
    """The histogram of the finite ones among some numbers, by their quantiles.

    A number that occurs often takes the bins of several quantiles, so there may be fewer bins.

    Returns:
        None if no number is finite.
    """
    numbers = np.asarray(values, np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return None
    at = np.arange(1, bins) / bins
    # Edges are numbers that occur, so that in float32 as in float64 they equal themselves.
    edges = np.unique(np.quantile(numbers, at, method="inverted_cdf"))
    edges = edges[edges < numbers.max()]
    counts = np.bincount(np.searchsorted(edges, numbers), minlength=len(edges) + 1)
    return Histogram(
        edges=tuple(edges.tolist()),
        shares=_rounded(counts / len(numbers)),
        values=len(numbers),
    )
