"""Comparison of a model's outputs: for parity at export, golden samples at load, devices, tests.

Labels, other whole numbers, texts and booleans must be equal. Floats may differ by a tolerance,
which is absolute for numbers up to 1, such as probabilities, and relative for larger ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.batch import Array, Batch
from contract.tensors import Output


@dataclass(frozen=True)
class Difference:
    """The difference between two sets of outputs for the same rows.

    Attributes:
        rows: rows compared.
        label_mismatches: rows in which a label, whole number, text or boolean differs.
        max_difference: largest |a - b| / max(1, |a|) of a float; infinite if only one of the two
            is NaN or infinite.
    """

    rows: int
    label_mismatches: int
    max_difference: float

    def within(self, tolerance: float) -> bool:
        """True if all labels are equal and no float differs by more than the tolerance."""
        return self.label_mismatches == 0 and self.max_difference <= tolerance

    def __str__(self) -> str:
        return (
            f"{self.label_mismatches} of {self.rows} labels differ and the largest difference in "
            f"a number is {self.max_difference:.2g}"
        )


def compare(expected: Batch, actual: Batch, outputs: Sequence[Output]) -> Difference:
    """Compare actual outputs with the expected ones.

    Args:
        expected: arrays [rows, ...] by output name; `actual` alike.
        outputs: the outputs to compare.

    Raises:
        ValueError: the shapes of an output differ.
    """
    mismatched = np.zeros(len(expected), bool)
    largest = 0.0
    for output in outputs:
        one, other = expected[output.name], actual[output.name]
        if one.shape != other.shape:
            raise ValueError(
                f"output {output.name} has shape {list(other.shape)}, expected {list(one.shape)}"
            )
        if output.datatype.startswith("FP"):
            largest = max(largest, _difference(one, other))
        else:
            mismatched |= (one != other).reshape(len(expected), -1).any(axis=1)
    return Difference(len(expected), int(mismatched.sum()), largest)


def _difference(expected: Array, actual: Array) -> float:
    a, b = expected.astype(np.float64), actual.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        relative = np.abs(a - b) / np.maximum(1.0, np.abs(a))
    relative[same] = 0.0
    relative[np.isnan(relative)] = np.inf
    return float(relative.max(initial=0.0))
