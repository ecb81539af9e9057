"""What training saw of an input: the range, the gaps and the distribution of each column."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contract.base import Probability, Record
from contract.histogram import Histogram, ImageHistograms, check_shares


class Range(Record):
    """The smallest and the largest of some numbers."""

    low: float = Field(description="The smallest.")
    high: float = Field(description="The largest.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.high:
            raise ValueError(f"low {self.low:g} must not be above high {self.high:g}")
        return self


class ImageRange(Record):
    """Brightness of the training images, 0 to 255, with a margin; images outside get a warning."""

    content: Literal["image"] = Field(description="The content it belongs to.")
    border_mean: Range = Field(description="Mean of the outermost pixels of an image.")
    mean: Range = Field(description="Mean of all pixels of an image.")
    maximum: Range = Field(description="Brightest pixel of an image.")
    histograms: ImageHistograms | None = Field(
        default=None, description="Distributions of the same three figures; null if unknown."
    )


class NumberRange(Record):
    """The numbers of one column in training."""

    content: Literal["number"] = Field(description="The content it belongs to.")
    range: Range = Field(description="Smallest and largest number.")
    missing: Probability = Field(description="Share of rows without a number.")
    histogram: Histogram | None = Field(
        default=None, description="Distribution of the numbers; null if unknown."
    )


class CategoryRange(Record):
    """The categories of one column in training."""

    content: Literal["category"] = Field(description="The content it belongs to.")
    categories: tuple[str, ...] = Field(
        description="Every category in the training rows; the model may treat rare ones as new."
    )
    missing: Probability = Field(description="Share of rows without a category.")
    shares: tuple[Probability, ...] = Field(
        default=(),
        description="Share of each category among the rows that have one; empty if unknown.",
    )
    rows: int | None = Field(
        default=None, gt=0, description="Rows that have a category; null if unknown."
    )

    @model_validator(mode="after")
    def _shares_agree(self) -> Self:
        if bool(self.shares) != (self.rows is not None):
            raise ValueError("shares and rows must be there together, or neither")
        if self.shares and len(self.shares) != len(self.categories):
            raise ValueError(
                f"shares has {len(self.shares)} entries; it needs one for each of the "
                f"{len(self.categories)} categories"
            )
        if self.shares:
            check_shares(self.shares)
        return self


class TextRange(Record):
    """The texts of one column in training."""

    content: Literal["text"] = Field(description="The content it belongs to.")
    characters: Range = Field(description="Length of the shortest and the longest text.")
    missing: Probability = Field(description="Share of rows without a text.")
    histogram: Histogram | None = Field(
        default=None, description="Distribution of the lengths; null if unknown."
    )


Seen = Annotated[
    ImageRange | NumberRange | CategoryRange | TextRange, Field(discriminator="content")
]
