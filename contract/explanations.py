"""Explanation graphs: ONNX graphs beside a model that say how each part of a row moved its answer.

An explanation graph takes the model's inputs and, of a classification, `/target` (the index of the
class that is explained), and returns what the row's parts contribute:

    /attribution FP64 [-1, *row of the image] or [-1, columns], in the order of the manifest
    /base        FP64 [-1], the answer before any contribution
    /value       FP64 [-1], the answer that is explained, computed by itself

The contributions add up: base + sum(attribution) = value, within `tolerance`. Whoever asks for an
explanation checks that sum again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from contract.base import Record
from contract.tensors import Input, TensorSpec

Method = Literal["path", "tree_shap", "curves", "linear", "gradient"]
Explained = Literal["probability", "score", "value"]
# No column of a table begins with a slash, so no input can have one of these names.
TARGET, ATTRIBUTION, BASE, VALUE = "/target", "/attribution", "/base", "/value"


class Agreement(Record):
    """Agreement of an explanation graph with another implementation of its method."""

    reference: str = Field(
        min_length=1, max_length=200, description="The other implementation, for example xgboost."
    )
    samples: int = Field(gt=0, description="Rows compared.")
    max_difference: float = Field(ge=0, description="Largest difference in a contribution.")
    tolerance: float = Field(gt=0, description="Largest difference allowed.")


class Explanation(Record):
    """One explanation graph."""

    method: Method = Field(
        description="path: each split along the decision paths (Saabas, 2014); tree_shap: Shapley "
        "values of trees (Lundberg et al., 2020); curves: an additive model's own terms; linear: "
        "weight times value; gradient: integrated gradients (Sundararajan et al., 2017)."
    )
    variant: str = Field(description="Its graph, by the key in `files`.")
    explains: Explained = Field(
        description="What the contributions add up to: the probability of the class before "
        "calibration, its score (logit or sum of leaves), or the value of a regression."
    )
    tolerance: float = Field(
        ge=0, description="Largest gap allowed between value and base + sum of contributions."
    )
    relative_tolerance: float = Field(
        default=0.0, ge=0, description="Gap allowed in addition, as a share of |value - base|."
    )
    agreement: Agreement | None = Field(
        default=None, description="Agreement with another implementation; null if there is none."
    )

    def allows(self, gap: float, change: float) -> bool:
        """True if a gap is small enough where the contributions add up to `change`."""
        return abs(gap) <= self.tolerance + self.relative_tolerance * abs(change)


def row_of(inputs: Sequence[Input]) -> tuple[int, ...] | None:
    """The shape of one row's contributions: the image's, or one per column; None for others."""
    columns = sum(len(tensor.columns) for tensor in inputs)
    if columns and all(tensor.columns and tensor.content != "text" for tensor in inputs):
        return (columns,)
    if len(inputs) == 1 and inputs[0].content == "image":
        return inputs[0].row
    return None


def signature(
    inputs: Sequence[Input], *, classes: bool
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """The inputs and outputs of an explanation graph of a model with these inputs.

    Raises:
        ValueError: such a model has no explanation graphs.
    """
    row = row_of(inputs)
    if row is None:
        raise ValueError("explanation graphs are for models of one image or of columns")
    target = (TensorSpec(name=TARGET, datatype="INT64", shape=(-1,)),) if classes else ()
    return (*inputs, *target), (
        TensorSpec(name=ATTRIBUTION, datatype="FP64", shape=(-1, *row)),
        TensorSpec(name=BASE, datatype="FP64", shape=(-1,)),
        TensorSpec(name=VALUE, datatype="FP64", shape=(-1,)),
    )
