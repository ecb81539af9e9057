"""Whether the model repository has changed on disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

# Path -> inode, size, time of the last change.
Snapshot = dict[str, tuple[int, int, int]]
# <name>/<version>/<file>; models have no deeper files, and links may lead in circles.
_DEPTH = 3


class Folder:
    """Polls a folder; nothing is read before `follow`.

    Attributes:
        path: of the folder; None while nobody wants to know.
        known: the state that was loaded last, or that was tried last.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self.known: Snapshot = {}

    async def follow(self, path: Path) -> None:
        """Watch a folder from now on."""
        self.path = path
        await self.note()

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
        if self.path is None:
            return {}
        # A repository on a network drive may take long to answer.
        return await asyncio.to_thread(snapshot, self.path)


def snapshot(root: Path) -> Snapshot:
    """The files of a repository; hidden ones are left out, since a writer has not finished them."""
    return dict(_entries(str(root), _DEPTH))


def _entries(folder: str, depth: int) -> Iterator[tuple[str, tuple[int, int, int]]]:
    try:
        found = list(os.scandir(folder))
    except OSError:  # no folder, deleted meanwhile, or not to be read
        return
    for entry in found:
        if entry.name.startswith("."):
            continue
        try:
            status = entry.stat()
        except OSError:
            continue
        yield entry.path, (status.st_ino, status.st_size, status.st_mtime_ns)
        if depth > 1:
            yield from _entries(entry.path, depth - 1)
