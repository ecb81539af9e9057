"""A folder or a zip -> its files by name. Nothing is unpacked to disk."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from training.errors import FitError

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
MOST_FILES = 200_000
# Of one file, and of all together: they are the user's own, but a zip may hold a bomb.
MOST_FILE_BYTES = 2**28
MOST_BYTES = 16 * 2**30
# What file managers leave; names that start with a dot are ignored as well.
_IGNORED = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
# Office files and Java archives are zips that may hold pictures.
_OTHERS = frozenset({"[Content_Types].xml", "META-INF/MANIFEST.MF", "content.xml"})
_LINK = 0o120000
# What `zipfile` raises for bytes that are no zip as it should be.
_BROKEN = (
    OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError,
    ValueError, OverflowError,
)  # fmt: skip


class Files(Protocol):
    """Files below a root."""

    def names(self) -> list[str]:
        """Relative names with slashes, sorted; no hidden ones."""

    def read(self, name: str) -> bytes:
        """The bytes of one.

        Raises:
            FitError: it cannot be read, or is too large.
        """


def holds_images(path: Path) -> bool:
    """True for a folder, and for a zip with a picture in a folder.

    Raises:
        FitError: the zip is broken.
    """
    if path.is_dir():
        return True
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with _opened(path) as file:
        names = file.namelist()
    if not _OTHERS.isdisjoint(names):
        return False
    return any("/" in name and name.lower().endswith(SUFFIXES) for name in names)


def open_files(path: Path) -> Files:
    """The files of a folder or a zip.

    Raises:
        FitError: it cannot be read, or holds too much.
    """
    return Folder(path) if path.is_dir() else Zip(path)


class Folder:
    """A folder on disk. Links are followed to files, not to folders."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> list[str]:
        """See `Files`."""
        found = sorted(_visible(self._walk()))
        _check_count(str(self._root), len(found))
        return found

    def read(self, name: str) -> bytes:
        """See `Files`."""
        path = self._root / name
        try:
            size = path.stat().st_size
            _check_size(name, size)
            return path.read_bytes()
        except OSError as error:
            raise FitError(f"{path} cannot be read: {error.strerror}") from error

    def _walk(self) -> Iterator[str]:
        for path in self._root.rglob("*"):
            if path.is_file():
                yield path.relative_to(self._root).as_posix()


class Zip:
    """A zip on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._zip = _opened(path)
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        _check_count(str(path), len(infos))
        if sum(info.file_size for info in infos) > MOST_BYTES:
            raise FitError(
                f"{path} unpacks to more than {MOST_BYTES / 2**30:.0f} GiB; give a sample of it"
            )
        self._infos = {info.filename: info for info in infos}
        if len(self._infos) < len(infos):
            raise FitError(f"{path} holds a name twice; pack it again")
        for info in infos:
            self._check(info)

    def names(self) -> list[str]:
        """See `Files`."""
        return sorted(_visible(iter(self._infos)))

    def read(self, name: str) -> bytes:
        """See `Files`."""
        info = self._infos[name]
        _check_size(name, info.file_size)
        try:
            with self._zip.open(info) as member:
                # A header may lie: one byte more than it says is asked for.
                data = member.read(info.file_size + 1)
        except _BROKEN as error:
            raise FitError(f"{name!r} in {self._path} is broken: {error}; pack it again") from error
        if len(data) != info.file_size:
            raise FitError(f"{name!r} in {self._path} is longer than it says; pack it again")
        return data

    def _check(self, info: zipfile.ZipInfo) -> None:
        reason = None
        if info.flag_bits & 1:
            reason = "is encrypted; pack it without a password"
        elif info.external_attr >> 16 & 0o170000 == _LINK:
            reason = "is a link; pack the file itself"
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            reason = f"has compression method {info.compress_type}; pack it with deflate"
        if reason:
            raise FitError(f"{info.filename!r} in {self._path} {reason}")


def _opened(path: Path) -> zipfile.ZipFile:
    """A zip whose list of files can be read.

    Raises:
        FitError: it cannot.
    """
    try:
        return zipfile.ZipFile(path)
    except _BROKEN as error:
        raise FitError(f"{path} is no readable zip: {error}; pack it again") from error


def _visible(names: Iterator[str]) -> Iterator[str]:
    for name in names:
        if not any(part in _IGNORED or part.startswith(".") for part in name.split("/")):
            yield name


def _check_count(where: str, files: int) -> None:
    if files > MOST_FILES:
        raise FitError(f"{where} holds {files:,} files; the limit is {MOST_FILES:,}: give a sample")


def _check_size(name: str, size: int) -> None:
    if size > MOST_FILE_BYTES:
        raise FitError(
            f"{name!r} has {size:,} bytes; the limit is {MOST_FILE_BYTES:,}: shrink the picture"
        )
