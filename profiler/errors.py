"""Every reason why a file is not profiled.

    ProfilerError
    ├── UnreadableError   the file is broken, cut off or not UTF-8
    ├── UnsupportedError  a kind of file that is not read
    ├── TooLargeError     more bytes, rows, columns, files or pixels than the limits allow
    ├── ContentError      the file is sound, but holds something that is not accepted
    └── TargetError       the file has no such column, or no columns at all

Every message is one sentence that names the value, the limit and what to do.
"""

from __future__ import annotations


class ProfilerError(Exception):
    """Base of this package's errors; the message is one sentence for the sender of the file."""


class UnreadableError(ProfilerError):
    """The file is broken, cut off or not UTF-8."""


class UnsupportedError(ProfilerError):
    """A kind of file that is not read."""


class TooLargeError(ProfilerError):
    """More bytes, rows, columns, files or pixels than the limits allow."""


class ContentError(ProfilerError):
    """The file is sound, but holds something that is not accepted."""


class TargetError(ProfilerError):
    """The file has no such column, or no columns at all."""
