"""Batch scoring killed again and again, at moments that nobody chose."""

from __future__ import annotations

import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.faults import fault
from tests.score.process import command, ended
from tests.score.sources import pictures, table

ROWS = 12_000


@fault("score-killed")
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_is_killed_at_random_ends_as_if_it_had_not_been(
    models: Path, tmp_path: Path, seed: int
) -> None:
    """The same command goes on each time; the output is that of a run nobody disturbed."""
    source = table(tmp_path / "in.parquet", pictures(ROWS), row_group_size=3000)
    options = ("--batch-rows", 64, "--threads", 1)
    target, whole = tmp_path / "out.parquet", tmp_path / "whole.parquet"
    undisturbed = command(models, source, whole, *options)
    said = ended(undisturbed, 120)
    assert undisturbed.returncode == 0, said
    chance, killed, kept = random.Random(seed), 0, 0
    while not target.exists():
        process = command(models, source, target, *options)
        if killed < 5:
            killed += _killed(process, chance.uniform(0.5, 2.0))
        said = ended(process, 120)
        now = len(list((tmp_path / "out.parquet.parts").glob("part-*.parquet")))
        assert target.exists() or now >= kept  # nothing that was written is lost
        kept = now
    assert killed > 0
    assert process.returncode in (0, -signal.SIGKILL)
    assert target.read_bytes() == whole.read_bytes()


def _killed(process: subprocess.Popen[str], seconds: float) -> bool:
    """Kill a process after some seconds; whether it had not ended before."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return True
    return False
