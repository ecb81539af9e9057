"""The memory that the workers may still take: the machine's, and that of the control group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_MOUNT = Path("/sys/fs/cgroup")
_SELF = Path("/proc/self/cgroup")
# Limit and use, in control groups of version 2 and of version 1.
_FILES = (
    ("memory.max", "memory.current"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes"),
)


def available(mount: Path = _MOUNT, own: Path = _SELF) -> int | None:
    """Bytes that are free, or None if the system does not tell.

    Args:
        mount: where control groups are mounted.
        own: the file that names the group of this process.
    """
    free = [*_granted(mount, own), *_on_machine()]
    return min(free) if free else None


def _on_machine() -> Iterator[int]:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024
    except OSError:  # not Linux
        return


def _granted(mount: Path, own: Path) -> Iterator[int]:
    """What each group leaves, from that of this process to the root."""
    for folder in _folders(mount, own):
        for limit, use in _FILES:
            try:
                limited, used = (int((folder / name).read_text()) for name in (limit, use))
            except (OSError, ValueError):  # there is none, or it is `max`
                continue
            yield max(0, limited - used)


def _folders(mount: Path, own: Path) -> Iterator[Path]:
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = mount / "memory" if controllers else mount
        # Within a container the group may stand outside of what is mounted.
        group = PurePosixPath(os.path.normpath(path.lstrip("/") or "."))
        for part in (group, *group.parents):
            yield top / part
