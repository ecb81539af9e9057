from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from tests.score.process import command
from tests.score.sources import pictures, table


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs wait4 for a child's peak memory")
def test_peak_memory_does_not_grow_with_the_rows(models: Path, tmp_path: Path) -> None:
    """From 10,000 to 200,000 images; the larger file holds 157 MB of pixels."""
    small = table(tmp_path / "small.parquet", pictures(10_000), row_group_size=5000)
    piece = pl.read_parquet(small)
    large = tmp_path / "large.parquet"
    pl.concat([piece] * 20).write_parquet(large, row_group_size=5000, compression="lz4")
    peaks = [_peak(models, source, tmp_path / "out.parquet") for source in (small, large)]
    assert peaks[1] < peaks[0] + 40e6, peaks


def _peak(models: Path, source: Path, target: Path) -> float:
    """Bytes resident at most, of which pages of the source that the system may drop are a part."""
    process = command(models, source, target, "--overwrite", "--batch-rows", 4096)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stderr is not None
    process.stderr.close()
    assert process.returncode == 0
    return usage.ru_maxrss * 1024.0
