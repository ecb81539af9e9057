"""What is watched of a model: its fields, and what is known of each from training.

A field is one column of a table, one figure of the brightness of images, or one part of the
answers. What the manifest lacks is left out and named in `unknown`: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from contract.histogram import Histogram
from contract.seen import Range

# Probability of a false alarm for a window of independent rows, all fields of a model together.
SURPRISE = 0.001
# Categories that are counted one by one, the most frequent in training; the rest count together.
MOST_CATEGORIES = 20
# Outside the range, or in no category that training saw, so many are tolerated.
TOLERATED = 0.01

NumberContent = Literal["number", "text", "image", "array", "confidence", "value"]


@dataclass(frozen=True)
class NumberField:
    """Numbers: of a column, lengths of texts, figures of images, confidences, predicted values.

    Attributes:
        seen: the range in training; None if unknown.
        missing: share of rows without a value in training; None if unknown.
        histogram: the distribution in training; None if unknown.
        edges: of the bins that values are counted in: the histogram's, if there is one.
        tolerated: share of values that may be outside the range.
        averaged: True if the mean is reported, as where values are bounded.
        unknown: what the manifest lacks, in sentences.
    """

    name: str
    content: NumberContent
    seen: Range | None = None
    missing: float | None = None
    histogram: Histogram | None = None
    edges: tuple[float, ...] = ()
    tolerated: float = TOLERATED
    averaged: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def has_reference(self) -> bool:
        """True if anything of training is known."""
        return bool(self.seen or self.histogram) or self.missing is not None

    @property
    def tells_unlike(self) -> bool:
        """True if a value is 1 for an image unlike training's, and else 0."""
        return self.content == "image" and self.seen is not None and self.seen.high == 0


@dataclass(frozen=True)
class CategoryField:
    """Categories of a column, or classes of the answers.

    Attributes:
        categories: those that are counted one by one.
        codes: the place of every known category; `len(categories)` for those counted together.
        reference: how often each of `categories`, and the rest, occurred; empty if unknown.
        missing: as of numbers.
        tolerated: share of values that may be of no known category.
        unknown: as of numbers.
    """

    name: str
    content: Literal["category", "label"]
    categories: tuple[str, ...]
    codes: Mapping[str, int]
    reference: tuple[float, ...] = ()
    missing: float | None = None
    tolerated: float = TOLERATED
    unknown: tuple[str, ...] = ()

    @property
    def has_reference(self) -> bool:
        """True if anything of training is known."""
        if self.content == "label":
            return bool(self.reference)
        return bool(self.categories) or self.missing is not None

    @property
    def has_rest(self) -> bool:
        """True if some categories are counted together."""
        return MOST_CATEGORIES in self.codes.values()


Field = NumberField | CategoryField
