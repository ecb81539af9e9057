"""The number of cores this process may use: its CPU affinity, limited by its cgroup's quota."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def cores(cgroup: Path = _CGROUP) -> int:
    """Whole cores, at least one; `cgroup` is the mount point of cgroups, version 2 or 1."""
    pinned = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(pinned or 1, int(_quota(cgroup) or pinned or 1)))


def _quota(cgroup: Path) -> float | None:
    """The quota in cores (CPU time per period), or None without a limit."""
    unified = _words(cgroup / "cpu.max")
    split = _words(cgroup / "cpu/cpu.cfs_quota_us") + _words(cgroup / "cpu/cpu.cfs_period_us")
    for words in (unified, split):
        if len(words) == 2 and words[0].isdecimal() and int(words[1]) > 0:
            return int(words[0]) / int(words[1])
    return None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
