"""The circumstances of training: processor, library versions, source commit."""

from __future__ import annotations

import importlib
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

_ALWAYS = ("numpy", "onnx")


def libraries(names: Iterable[str]) -> dict[str, str]:
    """Versions by import name, and Python's."""
    versions = {"python": platform.python_version()}
    for name in (*names, *_ALWAYS):
        versions[name] = importlib.import_module(name).__version__
    return versions


def commit(directory: Path | None = None) -> str:
    """The source commit, '-dirty' appended if tracked files changed; 'unknown' outside git."""

    def git(*arguments: str) -> str:
        return subprocess.run(  # noqa: S603 - fixed arguments
            ["git", *arguments],  # noqa: S607
            cwd=directory or Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    try:
        revision = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!models")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{revision}-dirty" if changed else revision


def processor() -> str:
    """The processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
