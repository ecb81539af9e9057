"""The seam where the errors of polars, zipfile, zlib and Pillow become the profiler's own."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from polars.exceptions import PanicException, PolarsError

from profiler.errors import UnreadableError
from profiler.messages import shown

_LONGEST = 160

# What zipfile raises for a broken archive, besides its own errors: NotImplementedError for missing
# features, RuntimeError for passwords, ValueError and OverflowError for offsets.
ZIP_ERRORS: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    UnicodeError,
    ValueError,
)

# What Pillow's plugins raise for a broken header.
IMAGE_ERRORS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)


@contextmanager
def polars_errors(doing: str, advice: str = "write it again with another tool") -> Iterator[None]:
    """Turn the errors of polars into UnreadableError: `file cannot be <doing>: ...`.

    polars raises PolarsError, some of Python's own errors, and PanicException when its Rust code
    panics, which derives from BaseException.

    Raises:
        UnreadableError: polars refused the file.
    """
    try:
        yield
    except PanicException as error:
        raise UnreadableError(
            f"file cannot be {doing}: it makes the reader crash; {advice}"
        ) from error
    except (PolarsError, OSError, OverflowError, ValueError) as error:
        raise UnreadableError(f"file cannot be {doing}: {_first_line(error)}; {advice}") from error


@contextmanager
def zip_errors(member: str | None = None) -> Iterator[None]:
    """Turn the errors of zipfile into UnreadableError, naming the broken member."""
    try:
        yield
    except ZIP_ERRORS as error:
        what = "file" if member is None else f"member {shown(member)}"
        raise UnreadableError(
            f"{what} is a broken zip: {_first_line(error)}; pack it again"
        ) from error


def _first_line(error: BaseException) -> str:
    """The library's message, as one printable line of at most 160 characters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    text = "".join(c if c.isprintable() else "?" for c in lines[0])
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
