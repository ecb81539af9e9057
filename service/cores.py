"""The number of cores this process may use: its CPU affinity, limited by its cgroups' quotas."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_MOUNTS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def cores(mounts: Path = _MOUNTS, own: Path = _OWN) -> int:
    """Whole cores, at least one.

    Args:
        mounts: where the hierarchies of cgroups are mounted, version 2 or 1.
        own: names the cgroup of this process in each of them.
    """
    pinned = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = min((q for group in _groups(mounts, own) if (q := _quota(group))), default=None)
    return max(1, min(pinned or 1, int(quota or pinned or 1)))


def _groups(mounts: Path, own: Path) -> Iterator[Path]:
    """Folders of the cgroup of this process and of all around it, whose quotas bind it as well.

    A container often sees its own cgroup at the mount point while `own` still has the path that the
    host knows: folders that do not exist are passed over.
    """
    for line in [*_lines(own), "0::/", "1:cpu:/"]:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        for mount in _hierarchies(mounts, controllers):
            # A path out of the container's namespace begins with /.. and is not to be reached.
            inner = mount.joinpath(*(part for part in path.split("/") if part not in ("", "..")))
            while inner != mount:
                yield inner
                inner = inner.parent
            yield mount


def _hierarchies(mounts: Path, controllers: str) -> tuple[Path, ...]:
    """Mount points that a line may speak of: version 2 has no controllers, version 1 the CPU."""
    if not controllers:
        return mounts, mounts / "unified"
    return (mounts / "cpu", mounts / controllers) if "cpu" in controllers.split(",") else ()


def _quota(group: Path) -> float | None:
    """The quota of one cgroup in cores (CPU time per period), or None without a limit."""
    unified = _words(group / "cpu.max")
    split = _words(group / "cpu.cfs_quota_us") + _words(group / "cpu.cfs_period_us")
    for words in (unified, split):
        if len(words) == 2 and words[0].isdecimal() and int(words[1]) > 0:
            return int(words[0]) / int(words[1])
    return None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
