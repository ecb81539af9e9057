"""Counters that all workers share: each worker writes its own file and reads the others'.

Any worker may receive the request for statistics, so it must report the sum over all workers. Each
worker maps its own file into memory: incrementing a counter is a store of eight bytes, without a
lock or a system call, and the counts survive the worker. A reader adds the files up.
"""

from __future__ import annotations

import logging
import mmap
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)


class Counters:
    """Integers of 64 bits that start at 0.

    Args:
        size: number of counters.
        folder: the folder with one file per worker of this server; None keeps the counters in
            memory, for this process alone.
        worker: name of this worker's file, its process id by default. If the file exists, its
            counts are continued: they belong to a dead worker that had the same process id.

    Attributes:
        own: int64 [size], the counters of this worker, which is their only writer.
    """

    def __init__(self, size: int, folder: Path | None = None, worker: str | None = None) -> None:
        self._size = size
        self._folder = folder
        self._worker = str(os.getpid()) if worker is None else worker
        self.own = memoryview(self._memory(8 * size)).cast("q")

    def all(self) -> NDArray[np.int64]:
        """int64 [workers, size]: the counters of every worker, living or dead; its own first."""
        rows = [np.array(self.own, np.int64)]
        for path in self._others():
            try:
                row = np.fromfile(path, np.int64)
            except OSError:  # deleted since the folder was listed
                continue
            if row.size == self._size:  # a new worker may not have written its zeros yet
                rows.append(row)
        return np.stack(rows)

    def _others(self) -> list[Path]:
        if self._folder is None:
            return []
        try:
            return sorted(path for path in self._folder.iterdir() if path.name != self._worker)
        except OSError:  # the folder is gone
            return []

    def _memory(self, n_bytes: int) -> mmap.mmap:
        """The file of this worker in memory; private memory if the file cannot be written."""
        if self._folder is None:
            return mmap.mmap(-1, n_bytes)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return _mapped(self._folder / self._worker, n_bytes)
        except OSError as error:
            logger.warning(
                "%s cannot be written (%s), so statistics cover one worker only; "
                "set BENTOML_HOME to a writable folder", self._folder, error.strerror,
            )  # fmt: skip
            self._folder = None
            return mmap.mmap(-1, n_bytes)


def _mapped(path: Path, n_bytes: int) -> mmap.mmap:
    """Map the file into memory, filled with zeros first.

    A sparse file on a full disk would kill the process at the first write.
    """
    with path.open("a+b") as file:
        if os.fstat(file.fileno()).st_size != n_bytes:
            file.truncate(0)
            file.write(bytes(n_bytes))
            file.flush()
        return mmap.mmap(file.fileno(), n_bytes)
