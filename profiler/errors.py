"""Every reason why a file is not read.

    ProfilerError
    ├── UnreadableError   the file is broken, cut off or not UTF-8, or crashes its reader
    ├── UnsupportedError  a kind of file that is not read
    ├── TooLargeError     more bytes, rows, columns, files, pixels or memory than the limits allow
    ├── ContentError      the file is sound, but holds something that is not accepted
    ├── TargetError       the file has no such column, or no columns at all
    ├── TimeLimitError    the file takes longer to read than the limits allow
    └── NoReaderError     no process to read the file could be started; not the file's fault

Every message is one sentence that names the value, the limit and what to do.
"""

from __future__ import annotations


class ProfilerError(Exception):
    """Base of this package's errors; the message is one sentence for the sender of the file."""


class UnreadableError(ProfilerError):
    """The file is broken, cut off or not UTF-8, or crashes its reader."""


class UnsupportedError(ProfilerError):
    """A kind of file that is not read."""


class TooLargeError(ProfilerError):
    """More bytes, rows, columns, files, pixels or memory than the limits allow."""


class ContentError(ProfilerError):
    """The file is sound, but holds something that is not accepted."""


class TargetError(ProfilerError):
    """The file has no such column, or no columns at all."""


class TimeLimitError(ProfilerError):
    """The file takes longer to read than the limits allow."""


class NoReaderError(ProfilerError):
    """No process to read the file could be started; not the file's fault."""


# The errors that a child reports by name.
BY_NAME: dict[str, type[ProfilerError]] = {
    error.__name__: error
    for error in (UnreadableError, UnsupportedError, TooLargeError, ContentError, TargetError)
}
