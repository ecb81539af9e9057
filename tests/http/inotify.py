"""Whether a file was opened, as Linux' inotify has it."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_OPENED = 0x20  # IN_OPEN


class Opened:
    """Counts from now on how often a file is opened."""

    def __init__(self, path: Path) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._number = library.inotify_init1(os.O_NONBLOCK)
        watch = library.inotify_add_watch(self._number, bytes(path), _OPENED)
        if self._number < 0 or watch < 0:
            raise OSError(ctypes.get_errno(), f"{path} cannot be watched")

    def any(self) -> bool:
        """True if it was opened since the last call."""
        try:
            return bool(os.read(self._number, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Watch no more."""
        os.close(self._number)
