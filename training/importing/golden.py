"""Which samples are kept as golden ones: few, varied, the same at every import."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contract.batch import Array, Batch
from training.importing.running import spread

# As `training.publish`: CPUs and GPUs sum in different orders; TF32 keeps ten bits of mantissa.
TOLERANCE = 1e-3
MOST = 20
_CLASSES = 12
_MISSING = 4
_COLUMNS = 4_096
_MOST_BYTES = 4 * 2**20


def golden_rows(inputs: Batch, classes: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Rows of each class, rows with missing values, and others evenly spread; in rising order.

    Args:
        classes: the class that each row is answered with; None where there are none.
    """
    usable = np.flatnonzero(~_ends_with_nul(inputs))
    most = _limit(inputs)
    wanted = [] if classes is None else _first_of_each(classes[usable], _CLASSES)
    wanted += _first_of_each_column(_missing(inputs)[usable], _MISSING)
    wanted += spread(len(usable), most).tolist()
    chosen = list(dict.fromkeys(wanted))[:most]
    return np.sort(usable[chosen])


def _limit(inputs: Batch) -> int:
    """As many rows as `MOST`, unless they are large: golden samples are read at every load."""
    row_bytes = sum(array[:1].nbytes for array in inputs.arrays.values())
    return max(2, min(MOST, _MOST_BYTES // max(1, row_bytes)))


def _first_of_each(classes: NDArray[np.int64], most: int) -> list[int]:
    _, first = np.unique(classes, return_index=True)
    return [int(i) for i in first[spread(len(first), most)]]


def _first_of_each_column(missing: NDArray[np.bool_], most: int) -> list[int]:
    """For each column with missing values, the first row in which it misses one."""
    columns = np.flatnonzero(missing.any(axis=0))
    return list(dict.fromkeys(int(i) for i in missing[:, columns].argmax(axis=0)))[:most]


def _missing(inputs: Batch) -> NDArray[np.bool_]:
    """Whether values are missing, by row and column; wide arrays count as one column."""
    parts = [_missing_in(array) for array in inputs.arrays.values()]
    return np.concatenate(parts, axis=1)


def _missing_in(array: Array) -> NDArray[np.bool_]:
    flat = array.reshape(len(array), -1)
    if array.dtype == object:
        return np.asarray(flat == "", np.bool_)
    if array.dtype.kind != "f":
        return np.zeros((len(array), 1), bool)
    if flat.shape[1] <= _COLUMNS:
        return np.isnan(flat)
    # A sum is NaN where a part is, and needs no copy of large images.
    return np.asarray(np.isnan(flat.sum(axis=1, keepdims=True)))


def _ends_with_nul(inputs: Batch) -> NDArray[np.bool_]:
    """Rows with a text that an archive of golden samples would cut."""
    found = np.zeros(len(inputs), bool)
    for array in inputs.arrays.values():
        if array.dtype == object:
            ends = [text.endswith("\0") for text in array.ravel()]
            found |= np.array(ends).reshape(len(array), -1).any(axis=1)
    return found
