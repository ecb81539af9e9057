"""A child process that reads files, as its parent sees it: start it, ask it, end it.

A file from outside can make the libraries that parse it allocate gigabytes, run for minutes or
crash. So they run in a process of their own (`profiler.child_main`) that limits its memory and is
killed when it is late. The parent holds the file and the answer, and nothing else.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from profiler import wire
from profiler.errors import BY_NAME, NoReaderError, ProfilerError, UnreadableError
from profiler.limits import Limits, memory_exceeded, time_exceeded
from profiler.wire import Frame

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60.0
_READY_BYTES = 1024
_MOST_STDERR = 2**16
# The rest of the environment may hold secrets, and the child needs none of it.
_INHERITED = ("PATH", "HOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "PYTHONDONTWRITEBYTECODE")
_ENVIRONMENT = {
    # One thread and one arena: threads reserve address space, and the service needs its cores.
    "POLARS_MAX_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "RUST_BACKTRACE": "0",
}
# What Rust's allocator and Python print before they give up.
_OUT_OF_MEMORY = (b"memory allocation of", b"MemoryError")


class Child:
    """A process that reads one file after another. It starts while its parent goes on.

    Raises:
        NoReaderError: the operating system starts no process.
    """

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                # -P: a folder that happens to be the current one brings no modules.
                [sys.executable, "-P", "-m", "profiler.child_main"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
            )
        except OSError as error:
            raise NoReaderError(
                f"no process to read the file can be started ({error.strerror}); try again later"
            ) from error
        self._requests = cast(BinaryIO, self._process.stdin)
        self._answers = cast(BinaryIO, self._process.stdout)
        self._ready = False
        # Also when the child is forgotten, and when the interpreter ends.
        self._end = weakref.finalize(self, _end, self._process)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def is_running(self) -> bool:
        """False once a file has ended the process, or `end` has."""
        return self._process.poll() is None

    def end(self) -> None:
        """Kill the process, whatever it does, and wait until it is gone."""
        self._end()

    def wait_until_ready(self) -> None:
        """Return once the process has imported what it needs.

        Raises:
            NoReaderError: it ended, or took too long.
        """
        if self._ready:
            return
        with _killed_after(self._process, _START_SECONDS):
            try:
                wire.receive(self._answers, _READY_BYTES)
            except (EOFError, OSError, wire.FrameError) as error:
                logger.warning("the process that reads files did not start: %s", self._words())
                raise NoReaderError(
                    "the process that reads files did not start; try again later"
                ) from error
        self._ready = True

    def ask(self, request: Frame, limits: Limits, most: int) -> Frame:
        """Send a request, within the limits, and return the answer of at most `most` bytes.

        A process that breaks a limit or crashes ends, and cannot be asked again.

        Raises:
            ProfilerError: what the process says about the file, or what ended the process.
        """
        self.wait_until_ready()
        with _killed_after(self._process, limits.seconds) as late:
            try:
                wire.send(self._requests, request)
                answer = wire.receive(self._answers, most)
            except (EOFError, OSError) as error:
                raise self._verdict(late, limits) from error
            except wire.FrameError as error:
                self._process.kill()
                raise _crashed() from error
        if (name := answer.header.get("error")) is not None:
            raise BY_NAME.get(str(name), UnreadableError)(str(answer.header.get("message")))
        return answer

    def _verdict(self, late: threading.Event, limits: Limits) -> ProfilerError:
        """Why the process gave no answer."""
        words = self._words()
        killer = _signal_of(self._process.wait())
        if late.is_set() or killer == "SIGXCPU":
            return time_exceeded(limits)
        # The kernel kills a process that takes the machine's last memory.
        if killer == "SIGKILL" or any(sign in words for sign in _OUT_OF_MEMORY):
            return memory_exceeded(limits)
        logger.warning("the process that reads files crashed (%s): %s", killer, words[-2000:])
        return _crashed()

    def _words(self) -> bytes:
        """What the process wrote to its standard error before it ended."""
        return cast(BinaryIO, self._process.stderr).read(_MOST_STDERR)


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Kill the process when the block takes longer; the event tells whether that happened."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        # Closing flushes, but the other end is closed already.
        with suppress(OSError):
            cast(BinaryIO, pipe).close()


def _environment() -> dict[str, str]:
    """The child finds the packages that its parent finds."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    path = os.pathsep.join([str(_ROOT), *filter(None, sys.path)])
    return inherited | _ENVIRONMENT | {"PYTHONPATH": path}


def _signal_of(status: int) -> str | None:
    """The name of the signal that ended a process with this status, if one did."""
    return signal.Signals(-status).name if status < 0 else None


def _crashed() -> UnreadableError:
    return UnreadableError("file makes its reader crash; write it again with another tool")
