"""Named arrays with a common row axis: the inputs and the outputs of every model.

Decoders build a `Batch`, queues split and join batches, sessions run them, encoders write them.
Slicing and splitting return views; joining and `take` copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Batch:
    """Arrays by name; the first axis of each is the row axis.

    Args:
        arrays: at least one; each [rows, ...] with the same number of rows.

    Raises:
        ValueError: there is no array, or the numbers of rows differ.
    """

    __slots__ = ("arrays", "rows")

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        rows = -1
        for name, array in arrays.items():
            if rows < 0:
                rows = len(array)
            elif len(array) != rows:
                raise ValueError(f"array {name!r} has {len(array)} rows; the others have {rows}")
        if rows < 0:
            raise ValueError("a batch needs at least one array")
        self.arrays = arrays
        self.rows = rows

    @classmethod
    def aligned(cls, arrays: Mapping[str, Array], rows: int) -> Batch:
        """A batch of arrays that are known to have `rows` rows each; nothing is checked."""
        batch = cls.__new__(cls)
        batch.arrays, batch.rows = arrays, rows
        return batch

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{k}: {v.dtype}{list(v.shape)}" for k, v in self.arrays.items())
        return f"Batch({shapes})"

    def slice(self, start: int, end: int) -> Batch:
        """Rows `start` to `end`, as views."""
        arrays = {name: array[start:end] for name, array in self.arrays.items()}
        return Batch.aligned(arrays, min(end, self.rows) - start)

    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> Batch:
        """The rows with these indices, in the order of the indices, as copies."""
        return Batch({name: array[rows] for name, array in self.arrays.items()})

    def split(self, sizes: Sequence[int]) -> list[Batch]:
        """Consecutive batches with `sizes` rows, as views."""
        ends = list(accumulate(sizes))
        return [self.slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]

    @staticmethod
    def join(batches: Sequence[Batch]) -> Batch:
        """One batch with the rows of all batches, in order; a single batch is returned unchanged.

        All batches must have arrays of the same names.
        """
        if len(batches) == 1:
            return batches[0]
        return Batch(
            {name: np.concatenate([b.arrays[name] for b in batches]) for name in batches[0].arrays}
        )


class Model(Protocol):
    """Anything that predicts: a session, a reference in another library, a test's fake."""

    def predict(self, batch: Batch) -> Batch:
        """The outputs, with one row per row of the inputs."""
