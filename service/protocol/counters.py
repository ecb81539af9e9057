"""Counters of one worker in a file that the other workers read.

Several workers serve, and whichever takes a connection answers for all. Each counts in a file of
its own, mapped into memory: counting is a store of eight bytes, without a lock or a system call,
and what a worker has counted stays when it dies. A reader adds the files up.
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
        size: how many.
        folder: where the workers of this server keep these counters, one file each; None counts
            in memory, for this process alone.
        worker: name of this worker's file. One that is there is counted on: the worker that had
            this process id before is dead.

    Attributes:
        own: int64 [size], this worker's. Each has one writer at a time.
    """

    def __init__(self, size: int, folder: Path | None = None, worker: str | None = None) -> None:
        self._size = size
        self._folder = folder
        self._worker = str(os.getpid()) if worker is None else worker
        self.own = memoryview(self._memory(8 * size)).cast("q")

    def all(self) -> NDArray[np.int64]:
        """int64 [workers, size]: every worker's, of those that died too; the own first."""
        rows = [np.array(self.own, np.int64)]
        for path in self._others():
            try:
                row = np.fromfile(path, np.int64)
            except OSError:  # it was deleted meanwhile
                continue
            if row.size == self._size:  # or a worker is about to write its zeros
                rows.append(row)
        return np.stack(rows)

    def _others(self) -> list[Path]:
        if self._folder is None:
            return []
        try:
            return sorted(path for path in self._folder.iterdir() if path.name != self._worker)
        except OSError:  # it is gone
            return []

    def _memory(self, n_bytes: int) -> mmap.mmap:
        """The file of this worker, or memory that nobody shares where there can be none."""
        if self._folder is None:
            return mmap.mmap(-1, n_bytes)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return _mapped(self._folder / self._worker, n_bytes)
        except OSError as error:
            logger.warning(
                "%s cannot be written (%s): statistics are those of one worker; "
                "give BENTOML_HOME a folder that can be", self._folder, error.strerror,
            )  # fmt: skip
            self._folder = None
            return mmap.mmap(-1, n_bytes)


def _mapped(path: Path, n_bytes: int) -> mmap.mmap:
    """The file in memory; written out first, for a hole on a full disk would kill the process."""
    with path.open("a+b") as file:
        if os.fstat(file.fileno()).st_size != n_bytes:
            file.truncate(0)
            file.write(bytes(n_bytes))
            file.flush()
        return mmap.mmap(file.fileno(), n_bytes)
