from __future__ import annotations

import numpy as np
import pytest

from contract.batch import Batch


def batch(rows: int, start: int = 0) -> Batch:
    numbers = np.arange(start, start + rows)
    return Batch({"x": numbers, "y": np.stack([numbers, -numbers], axis=1)})


def test_it_has_as_many_rows_as_its_arrays() -> None:
    assert len(batch(3)) == 3
    assert len(batch(0)) == 0
    assert list(batch(3)) == ["x", "y"]


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="'y' has 2 rows; the others have 3"):
        Batch({"x": np.zeros(3), "y": np.zeros(2)})
    with pytest.raises(ValueError, match="at least one array"):
        Batch({})


def test_slices_are_views() -> None:
    whole = batch(5)
    part = whole.slice(1, 3)
    assert part["x"].tolist() == [1, 2]
    assert part["y"].tolist() == [[1, -1], [2, -2]]
    assert np.shares_memory(part["x"], whole["x"])


def test_what_is_split_joins_again() -> None:
    parts = batch(6).split([1, 3, 2])
    assert [len(part) for part in parts] == [1, 3, 2]
    joined = Batch.join(parts)
    assert joined["y"].tolist() == batch(6)["y"].tolist()
    assert Batch.join(parts[:1]) is parts[0]


def test_rows_are_taken_in_the_order_asked() -> None:
    assert batch(4).take([2, 0, 2])["x"].tolist() == [2, 0, 2]
