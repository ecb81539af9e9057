"""A thread that writes lines, fed through a bounded queue.

Nothing here may hold up or fail a request: what does not fit is dropped and counted.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from service.request_log.files import FILES, Files

# What becomes of a request that was chosen.
OUTCOMES = ("written", "queue_full", "too_long", "failed")
# What may wait for the thread, over all models of a worker.
MOST_WAITING = 256
MOST_WAITING_BYTES = 16 * 2**20
_CLOSE_SECONDS = 2.0

logger = logging.getLogger(__name__)

# Makes the line, on the thread.
Render = Callable[[], bytes]


class RequestLog:
    """Writes lines to a ring of files.

    Args:
        folder: of the files.
        max_bytes: most bytes of all files in the folder together.
        counted: called with one of `OUTCOMES` and a number of requests.
        files: most files in the folder.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        counted: Callable[[str, int], None],
        files: int = FILES,
    ) -> None:
        self._files = Files(folder, max_bytes, files)
        self._folder = folder
        self._counted = counted
        self._waiting: deque[tuple[Render, int]] = deque()
        self._bytes = 0
        self._change = threading.Condition()
        self._closed = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def add(self, render: Render, size: int) -> None:
        """Write a line soon, unless too much waits.

        Args:
            render: makes the line.
            size: bytes that `render` holds until then.
        """
        with self._change:
            fits = (
                not self._closed
                and len(self._waiting) < MOST_WAITING
                and self._bytes + size <= MOST_WAITING_BYTES
            )
            if fits:
                self._waiting.append((render, size))
                self._bytes += size
                self._change.notify()
        if not fits:
            self._counted("queue_full", 1)

    def close(self) -> None:
        """Write what waits, for two seconds at most."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._waiting and not self._closed:
                    self._change.wait()
                if not self._waiting:
                    break
                render, size = self._waiting.popleft()
            self._counted(self._write(render), 1)
            with self._change:
                self._bytes -= size
            del render  # what it holds, while the thread waits
        self._files.close()

    def _write(self, render: Render) -> str:
        """Write one line; returns what became of it."""
        try:
            line = render()
            if len(line) > self._files.longest:
                return "too_long"
            self._files.write(line)
        except Exception as error:
            # One line for a full disk, and not one for each request.
            if not self._failing:
                reason = error.strerror if isinstance(error, OSError) else None
                logger.error(
                    "the log of requests in %s cannot be written (%s); requests are answered "
                    "all the same", self._folder, reason or f"{type(error).__name__}: {error}",
                )  # fmt: skip
            self._failing = True
            return "failed"
        if self._failing:
            logger.info("the log of requests in %s is written again", self._folder)
        self._failing = False
        return "written"
