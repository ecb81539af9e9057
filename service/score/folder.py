"""The folder that a run works in, `TARGET.parts/`: locked, and its files whole or absent.

A run opens no existing file for writing and removes only files that have the names below, so a
link or another's file in the folder keeps its content.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from service.errors import InvalidError, MalformedError, ServiceError
from service.score.overlap import Inode, entries, inode

STATE, LOCK, JOINED = "state.json", "lock", "joined.parquet"
PARTS = "part-*.parquet"
_NAMES = re.compile(r"(lock|state\.json|joined\.parquet|part-\d{8,}\.parquet)(\.tmp)?")


class Folder:
    """Where a run keeps its parts.

    Attributes:
        target: the file that the run makes.
        path: the folder beside it.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = Path(f"{target}.parts")
        self._inode: Inode | None = None

    def check(self, overwrite: bool) -> None:
        """Refuse a target that is taken, and a folder that no run has made. Reads only.

        Raises:
            InvalidError: the target is a folder, or a file that is not to be replaced; the folder
                is a link or holds other files.
        """
        if self.target.is_dir():
            raise InvalidError(f"{self.target} is a folder; name a file to write")
        if os.path.lexists(self.target) and not overwrite:
            raise InvalidError(f"{self.target} exists already; replace it with --overwrite")
        if self.path.is_symlink():
            raise InvalidError(f"{self.path} is a link; remove it or name another target")
        found = entries(self.path)
        strange = [path.name for path in found if not _is_ours(path)]
        if not strange and self.path / STATE not in found:
            strange = [path.name for path in found if path.match(PARTS)]
        if strange:
            raise InvalidError(
                f"{self.path} holds {strange[0]}, which no run has written; move it or name "
                "another target"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder; the system lets it go when the process ends, however it does.

        Raises:
            InvalidError: another run holds it, or it cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidError(
                f"{self.path} cannot be made: {error.strerror}; name another target"
            ) from error
        self._inode = inode(self.path)
        try:
            import fcntl
        except ImportError:  # Windows
            yield
            return
        with (self.path / LOCK).open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InvalidError(
                    f"another run writes {self.target}; wait for it or name another target"
                ) from error
            yield

    def write(self, name: str, write: Callable[[IO[bytes]], object]) -> None:
        """Write a file so that it is whole under its name or absent.

        Raises:
            InvalidError: the folder is another than the one locked.
            MalformedError: the disk is full, or the like.
        """
        path = self.path / name
        beside = self.path / f"{name}.tmp"
        with _writing(path):
            self.remove(beside.name)
            # Mode x opens neither a file that exists nor one that a link leads to.
            with beside.open("xb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            self._check_place()
            beside.replace(path)
            _flush(self.path)

    def remove(self, pattern: str) -> None:
        """Remove files of a run whose names match."""
        self._check_place()
        for path in self.path.glob(pattern):
            if _is_ours(path):
                path.unlink()

    def publish(self, overwrite: bool) -> None:
        """The joined file gets the target's name, and the folder goes.

        Raises:
            InvalidError: the target has appeared meanwhile and is not to be replaced.
            MalformedError: it cannot be written.
        """
        joined = self.path / JOINED
        with _writing(self.target):
            self._check_place()
            if overwrite or not self._linked(joined):
                self.check(overwrite)
                joined.replace(self.target)
            _flush(self.target.parent)
            # The state goes after the parts, which are of no run without it.
            for pattern in (PARTS, JOINED, STATE, LOCK):
                self.remove(pattern)
            self.path.rmdir()

    def _linked(self, joined: Path) -> bool:
        """Link the target to the joined file, which replaces nothing; False without hard links.

        Raises:
            InvalidError: the target exists.
        """
        try:
            self.target.hardlink_to(joined)
        except FileExistsError as error:
            raise InvalidError(
                f"{self.target} exists already; replace it with --overwrite"
            ) from error
        except OSError:
            return False
        return True

    def _check_place(self) -> None:
        """Refuse to go on in another folder than the one locked.

        Raises:
            InvalidError: it was moved, or a link has taken its place.
        """
        if self.path.is_symlink() or inode(self.path) != self._inode:
            raise InvalidError(
                f"{self.path} was replaced while a run worked in it; start again with another "
                "target"
            )


def _is_ours(path: Path) -> bool:
    return bool(_NAMES.fullmatch(path.name)) and path.is_file() and not path.is_symlink()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """What polars or the system raises becomes a sentence that names the file.

    Raises:
        MalformedError: the disk is full, or the like.
    """
    from polars.exceptions import PolarsError

    try:
        yield
    except ServiceError:
        raise
    except (OSError, PolarsError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0][:160]
        raise MalformedError(
            f"{path} cannot be written: {reason}; the same command goes on from the parts that "
            "are done"
        ) from error


def _flush(path: Path) -> None:
    """A folder to the disk, so that a rename never outlives what it names."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
