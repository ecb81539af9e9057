"""Tables of the size that practitioners have, within the default limits."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from profiler import Reader

R = np.random.default_rng(0)


def test_half_a_million_rows(reader: Reader) -> None:
    numbers = {f"x{i}": R.integers(0, 10_000, 500_000) for i in range(12)}
    texts = {f"c{i}": R.choice(["a", "b", "c"], 500_000) for i in range(8)}
    data = pl.DataFrame({**numbers, **texts}).write_csv().encode()
    profile = reader.profile(data, "c7")
    assert (profile.facts["n_rows"], profile.facts["task"]) == (500_000, "classification")


@pytest.mark.thorough
def test_thousands_of_genes(reader: Reader) -> None:
    """Khan's small round blue cell tumours: 63 patients, 2,308 genes, four kinds."""
    genes = {f"V{i}": R.normal(size=63).round(4) for i in range(2308)}
    data = pl.DataFrame({**genes, "y": R.choice([*"abcd"], 63)}).write_csv().encode()
    profile = reader.profile(data, "y")
    assert (profile.facts["n_rows"], len(profile.details.columns)) == (63, 2309)
    assert len(reader.read_table(data).columns) == 2309
