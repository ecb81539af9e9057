"""Files -> profiles and tables, each file read in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from profiler.arrays import TableArrays, decode
from profiler.child import Child
from profiler.errors import NoReaderError, TooLargeError, UnreadableError
from profiler.limits import Limits
from profiler.result import Profile
from profiler.wire import Frame

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_MOST_PROFILE_BYTES = 64 * 2**20
T = TypeVar("T")


class Reader(AbstractContextManager["Reader"]):
    """Reads files in child processes. Safe to share between threads.

    A child reads one file and ends, so nothing carries over to the next file. Starting a child
    takes half a second. With `spare`, the next one starts as soon as a file has been read, so only
    the first file waits for it.
    """

    def __init__(self, limits: Limits, *, spare: bool = True) -> None:
        self.limits = limits
        self._keeps_spare = spare
        self._spare: Child | None = None
        self._lock = threading.Lock()

    def __exit__(self, *_: object) -> None:
        """End the spare child."""
        self.close()

    def close(self) -> None:
        """End the spare child; the reader can still be used, and starts another."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.end()

    def profile(self, data: bytes, target: str | None = None) -> Profile:
        """Derive facts from a file; see `profiler.profile`."""
        request = {"operation": "profile", "target": target}
        return self._ask(request, data, _MOST_PROFILE_BYTES, _profile_of)

    def read_table(self, data: bytes) -> TableArrays:
        """Read a table; see `profiler.read_table`."""
        # The child holds the answer too, so it cannot be larger than the child.
        return self._ask({"operation": "table"}, data, self.limits.memory_mb * 2**20, decode)

    def _ask(
        self, request: dict[str, Any], data: bytes, most: int, read: Callable[[Frame], T]
    ) -> T:
        _check_size(len(data), self.limits)
        child = self._take()
        header = {**request, "limits": asdict(self.limits)}
        try:
            return read(child.ask(Frame(header, [data]), self.limits, most))
        except (ValueError, LookupError, TypeError) as error:
            raise UnreadableError(
                "file makes its reader give an invalid answer; write it again with another tool"
            ) from error
        finally:
            child.end()
            self._start_spare()

    def _take(self) -> Child:
        """The spare child or, if there is none or it has ended, a new one."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            try:
                spare.wait_until_ready()
            except NoReaderError:
                spare.end()
            else:
                return spare
        return Child()

    def _start_spare(self) -> None:
        # If none can be started now, the next file tries again, and says so.
        with self._lock, suppress(NoReaderError):
            if self._keeps_spare and self._spare is None:
                self._spare = Child()


def profile(data: bytes, *, target: str | None, limits: Limits) -> Profile:
    """Derive the facts of a problem from its data.

    Args:
        data: a CSV, JSON Lines or a Parquet file, plain or within gzip, or a zip of images in class
            folders; found by content.
        target: the column to predict, of a table; None if it is not known.
        limits: what the file may cost; nothing is written to disk.

    Raises:
        UnreadableError: the file is broken.
        UnsupportedError: another kind of file.
        TooLargeError: beyond a limit of size or memory.
        ContentError: it can be read but not profiled.
        TargetError: the target is not a column.
        TimeLimitError: it took too long.
        NoReaderError: no process could be started.
    """
    with Reader(limits, spare=False) as reader:
        return reader.profile(data, target)


def read_table(source: bytes | Path, limits: Limits) -> TableArrays:
    """Read the columns of a CSV, JSON Lines or a Parquet file as arrays.

    Args:
        source: the file, or where it lies.
        limits: what the file may cost.

    Raises:
        OSError: the path cannot be read.
        ProfilerError: as `profile` raises.
    """
    if isinstance(source, Path):
        _check_size(source.stat().st_size, limits)
        source = source.read_bytes()
    with Reader(limits, spare=False) as reader:
        return reader.read_table(source)


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise TooLargeError(
            f"file holds {size:,} bytes; the limit is {limits.max_bytes:,}: send a sample"
        )


def _profile_of(answer: Frame) -> Profile:
    return _profiles().validate_python(answer.header["profile"])


@lru_cache(maxsize=1)
def _profiles() -> TypeAdapter[Profile]:
    # Imported here, as the child imports this package too and starts faster without.
    from pydantic import TypeAdapter

    return TypeAdapter(Profile)
