from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from tests.score.process import peak_memory
from tests.score.sources import pictures, table


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="needs the peak memory of a child")
def test_peak_memory_does_not_grow_with_the_rows(models: Path, tmp_path: Path) -> None:
    """From 10,000 to 200,000 images; the larger file holds 157 MB of pixels."""
    small = table(tmp_path / "small.parquet", pictures(10_000), row_group_size=5000)
    piece = pl.read_parquet(small)
    large = tmp_path / "large.parquet"
    pl.concat([piece] * 20).write_parquet(large, row_group_size=5000, compression="lz4")
    options = ("--overwrite", "--batch-rows", 4096)
    peaks = [
        peak_memory(models, source, tmp_path / "out.parquet", *options) for source in (small, large)
    ]
    assert peaks[1] < peaks[0] + 40e6, peaks
