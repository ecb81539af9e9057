"""A ring of private files in one folder, which the workers of a server share.

The limit of bytes is divided evenly among the most files that the folder may hold, so that it holds
whoever wrote them. A file's name begins with its time, so names sort by age.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

from service.errors import StartupError
from service.settings import Settings

FILES = 32
_NAME = re.compile(r"requests-\d{20}-\d+\.jsonl")


def files_for(workers: int) -> int:
    """Most files in the folder: twice as many as workers, each of which writes to one.

    With fewer, a worker that begins a file would delete one that another still writes to.
    """
    return max(FILES, 2 * workers)


def check_folder(settings: Settings) -> None:
    """Make the folder of the log, if there is to be one, and see that files can be made there.

    Raises:
        StartupError: they cannot.
    """
    folder = settings.request_log_dir
    if folder is None:
        return
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise StartupError(
            f"ROSENBLATT_REQUEST_LOG_DIR is {str(folder)!r}, where no file can be made "
            f"({error.strerror}); name a folder that can be written, or unset it"
        ) from error


class Files:
    """Appends lines to the newest file of this process. Not thread-safe.

    Args:
        max_bytes: most bytes of all files in the folder together.
        files: most files in the folder.
    """

    def __init__(self, folder: Path, max_bytes: int, files: int = FILES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._files = files
        self.longest = max_bytes // files
        self._file = -1
        self._size = 0

    def write(self, line: bytes) -> None:
        """Append a line of at most `longest` bytes; if that fails, nothing of it stays.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        if self._file < 0 or self._size + len(line) > self.longest or self._deleted():
            self._renew()
        try:
            written = os.write(self._file, line)
        except OSError:
            self._cut()
            raise
        if written < len(line):
            self._cut()
            raise OSError(f"only {written} of {len(line)} bytes could be written")
        self._size += written

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _deleted(self) -> bool:
        """True if another worker or somebody else has deleted the file."""
        return os.fstat(self._file).st_nlink == 0

    def _cut(self) -> None:
        """End the file with its last whole line."""
        with suppress(OSError):
            os.ftruncate(self._file, self._size)

    def _renew(self) -> None:
        self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room()
        name = f"requests-{time.time_ns():020}-{os.getpid()}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self._folder / name, flags, 0o600)
        self._size = 0

    def _make_room(self) -> None:
        """Delete the oldest files, so that one more may grow to its longest.

        Files may be longer than `longest`, if a server with fewer workers wrote them.
        """
        paths = (p for p in self._folder.iterdir() if _NAME.fullmatch(p.name))
        room = self._max_bytes - self.longest
        for number, path in enumerate(sorted(paths, reverse=True), 2):
            with suppress(FileNotFoundError):  # another worker deleted it
                room -= max(path.stat().st_size, self.longest)
                if number > self._files or room < 0:
                    path.unlink()
