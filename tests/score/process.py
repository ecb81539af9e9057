"""`python -m service.score` as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import ROOT


def command(models: Path, *arguments: object) -> subprocess.Popen[str]:
    """Started, with the tiny model `alpha` as the default."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE_"))}
    environment |= {
        "ROSENBLATT_MODELS_DIR": str(models),
        "ROSENBLATT_DEFAULT_MODEL": "alpha",
        "ROSENBLATT_PROVIDER": "cpu",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "service.score", *map(str, arguments)],
        cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def await_parts(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    """Until so many parts are there; the process must still run."""
    deadline = time.monotonic() + 60
    while len(list(folder.glob("part-*.parquet"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"no {count} parts in {folder}"
        time.sleep(0.001)
