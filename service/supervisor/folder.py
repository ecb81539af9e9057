"""Whether the model repository has changed on disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

# Path below the repository -> inode, size, time of the last change.
Snapshot = dict[str, tuple[int, int, int]]


class Folder:
    """Watches a folder by looking at it.

    Attributes:
        known: the state that was loaded last, or that was tried last.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: Snapshot = {}

    async def note(self) -> None:
        """Take the folder's state for known: what loads now sees this state or a later one."""
        self.known = await self._look()

    async def changes(self, seconds: float) -> AsyncIterator[None]:
        """One item for each change, once the folder has been the same for `seconds`."""
        last = self.known
        while True:
            await asyncio.sleep(seconds)
            seen = await self._look()
            if seen == last and seen != self.known:
                yield
            last = seen

    async def _look(self) -> Snapshot:
        # A repository on a network drive may take long to answer.
        return await asyncio.to_thread(snapshot, self.path)


def snapshot(root: Path) -> Snapshot:
    """Every file below `root`; hidden ones are what a writer has not finished yet."""
    found: Snapshot = {}
    folders = [str(root)]
    while folders:
        try:
            entries = list(os.scandir(folders.pop()))
        except OSError:  # it has just been deleted, or cannot be read
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                status = entry.stat()
                if entry.is_dir():
                    folders.append(entry.path)
            except OSError:
                continue
            found[os.path.relpath(entry.path, root)] = (
                status.st_ino,
                status.st_size,
                status.st_mtime_ns,
            )
    return found
