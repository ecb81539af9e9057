"""What a file may cost, and the errors of a file that costs more."""

from __future__ import annotations

from dataclasses import dataclass

from profiler.errors import TimeLimitError, TooLargeError


@dataclass(frozen=True)
class Limits:
    """What reading one file may cost.

    Attributes:
        max_bytes: bytes of the file.
        max_rows: rows of a table.
        max_columns: columns of a table.
        max_pixels: pixels of one image, width times height.
        max_files: members of a zip.
        max_unpacked_bytes: bytes of the table in memory, or of all members of a zip together.
        memory_mb: MiB of address space that the reading process may take beyond its start.
        seconds: wall-clock time, from the first byte sent to the answer.
    """

    max_bytes: int = 128 * 2**20
    max_rows: int = 1_000_000
    max_columns: int = 10_000
    max_pixels: int = 50_000_000
    max_files: int = 10_000
    max_unpacked_bytes: int = 256 * 2**20
    memory_mb: int = 2048
    seconds: float = 30.0


def memory_exceeded(limits: Limits) -> TooLargeError:
    """The error of a file that takes more memory to read than allowed."""
    return TooLargeError(
        f"file takes more than {limits.memory_mb:,} MiB of memory to read, which is the limit; "
        "send a sample"
    )


def time_exceeded(limits: Limits) -> TimeLimitError:
    """The error of a file that takes longer to read than allowed."""
    return TimeLimitError(
        f"file takes more than {limits.seconds:g} s to read, which is the limit; send a sample"
    )
