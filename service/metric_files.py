"""Space on the disk for the files in which the workers count.

prometheus_client maps sparse files into memory: on a disk that fills up, the first count that needs
another page would kill the worker. Here it is kept for them at the start.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from service.errors import StartupError

# Bytes of a worker's file of each kind of metric, BentoML's too. A histogram takes 3.4 kB for
# each route and status that was seen, usually less than 200 of them.
_FILES = {"counter": 2**18, "histogram": 2**20, "summary": 2**16} | {
    f"gauge_{live}{mode}": 2**16 for live in ("", "live") for mode in ("all", "mostrecent", "sum")
}
# Of one worker: its files, and its counts of each model.
WORKER_BYTES = 2 * sum(_FILES.values())

logger = logging.getLogger(__name__)


def require_space(folder: Path, workers: int) -> None:
    """Check that the workers' files fit on the disk.

    Raises:
        StartupError: they do not.
    """
    free, needed = shutil.disk_usage(folder).free, workers * WORKER_BYTES
    if free < needed:
        raise StartupError(
            f"the disk of {folder} has {free} bytes free and the counts of {workers} worker(s) "
            f"need {needed}; free some, or set TMPDIR to another folder"
        )


def reserve(folder: Path, worker: str | None) -> None:
    """Have the disk keep space for the files of a worker, where the system can.

    Args:
        worker: its name in the names of files; None for the process id.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    for kind, size in _FILES.items():
        path = folder / f"{kind}_{worker or os.getpid()}.db"
        try:
            with path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            logger.warning("%s cannot be reserved (%s); free some space", path, error.strerror)
