"""`python -m service.score` as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import ROOT


def command(models: Path, *arguments: object) -> subprocess.Popen[str]:
    """Started, with the tiny model `alpha` as the default."""
    return subprocess.Popen(
        _arguments(arguments), cwd=ROOT, env=_environment(models), stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def _arguments(arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-m", "service.score", *map(str, arguments)]


def _environment(models: Path) -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE_"))}
    return environment | {
        "ROSENBLATT_MODELS_DIR": str(models),
        "ROSENBLATT_DEFAULT_MODEL": "alpha",
        "ROSENBLATT_PROVIDER": "cpu",
        "PYTHONFAULTHANDLER": "1",  # `ended` asks for the stacks
    }


def ended(process: subprocess.Popen[str], seconds: float = 60) -> str:
    """What the process wrote to standard error, once it has ended.

    If it does not end in time, the test fails with the stacks of its threads.
    """
    try:
        return process.communicate(timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        try:
            _, said = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:  # a child of it holds the pipe
            process.kill()
            said = "no stacks could be read"
        raise AssertionError(f"still running after {seconds} seconds:\n{said}") from None


def await_parts(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    """Until so many parts are there; the process must still run."""
    deadline = time.monotonic() + 60
    while len(list(folder.glob("part-*.parquet"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"no {count} parts in {folder}"
        time.sleep(0.001)


# A process starts with the peak of the one that starts it, so a small one stands between.
_LAUNCHER = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


def peak_memory(models: Path, *arguments: object) -> float:
    """Bytes resident at most, of which pages of the source that the system may drop are a part."""
    done = subprocess.run(
        [sys.executable, "-c", _LAUNCHER, *_arguments(arguments)], cwd=ROOT,
        env=_environment(models), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout) * 1024.0
