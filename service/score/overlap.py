"""Refuse a target that would touch its own source, before anything is written or removed.

A path has many spellings, and links give one file many names, so files are compared by device and
inode.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from service.errors import InvalidError

Inode = tuple[int, int]


def refuse(source: Path, target: Path, folder: Path) -> None:
    """Refuse a run whose target and source overlap. Reads only.

    Args:
        source: the file or folder to score.
        target: the file or folder that the run makes or replaces.
        folder: where the run writes, replaces and removes files: that of the parts, or with Ray
            the target itself.

    Raises:
        InvalidError: the target is the source, one lies inside the other, or a file that the run
            may replace is a file of the source. Symbolic and hard links count.
    """
    here = inode(source)
    if here is None:
        return
    if here == inode(target):
        raise InvalidError(f"{target} and the source {source} are the same; name another target")
    if here == inode(folder):
        raise InvalidError(
            f"{folder}, where a run keeps its parts, is the source {source}; name another target"
        )
    if here in _holders(target):
        raise InvalidError(f"{target} lies inside the source {source}; name a target outside it")
    if inode(folder) in _holders(source):
        raise InvalidError(
            f"the source {source} lies inside {folder}, whose files a run replaces; name another "
            "target"
        )
    _refuse_links(source, _replaced(target, folder))


def inode(path: Path | str) -> Inode | None:
    """Device and inode of what a path names, through links; None where nothing is."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def entries(folder: Path) -> list[Path]:
    """What a folder holds, by name; nothing where there is no folder.

    Raises:
        InvalidError: it cannot be read.
    """
    if not folder.is_dir():
        return []
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise InvalidError(
            f"{folder} cannot be read: {error.strerror}; name another target"
        ) from error


def _holders(path: Path) -> set[Inode]:
    """The folders that a path lies in: the path itself and every link on the way to its file."""
    found = set()
    for _ in range(_MAX_LINKS):
        place = _real(path) if path.name == ".." else _real(path.parent) / path.name
        found |= {here for parent in place.parents if (here := inode(parent)) is not None}
        if not place.is_symlink():
            break
        path = place.parent / place.readlink()
    return found


# As many as Linux follows.
_MAX_LINKS = 40


def _real(path: Path) -> Path:
    """Unlike Path.resolve, raises nothing for links that go round in a circle."""
    return Path(os.path.realpath(path))


def _replaced(target: Path, folder: Path) -> dict[Inode, Path]:
    """What a run may replace or remove, by inode."""
    places = [target, *entries(folder)]
    return {here: place for place in places if (here := inode(place)) is not None}


def _refuse_links(source: Path, replaced: dict[Inode, Path]) -> None:
    """Look through the source only if there is something to replace."""
    if not replaced:
        return
    for file in [source] if source.is_file() else _below(source):
        here = inode(file)
        if here is not None and here in replaced:
            raise InvalidError(
                f"{replaced[here]} and {file} of the source are the same file; name another target"
            )


def _below(root: Path) -> Iterator[Path]:
    """Files and folders below a folder, each folder once, also through links."""
    seen = {inode(root)}
    for folder, folders, files in os.walk(root, followlinks=True):
        new = {name: inode(f"{folder}/{name}") for name in folders}
        folders[:] = [name for name in folders if new[name] not in seen]
        seen |= set(new.values())
        for name in (*new, *files):
            yield Path(folder, name)
