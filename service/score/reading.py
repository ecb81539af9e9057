"""Reading the files of a source: errors as sentences, and a fingerprint."""

from __future__ import annotations

import csv
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from polars.exceptions import PanicException, PolarsError

from service.errors import MalformedError, ServiceError

_END_BYTES = 64 * 2**10
_FOREIGN = (
    PolarsError, PanicException, ValueError, OverflowError, EOFError, csv.Error, zlib.error,
)  # fmt: skip


@contextmanager
def reading(path: Path, kind: str = "Parquet") -> Iterator[None]:
    """Read by polars or the system; what they raise becomes a sentence that names the file.

    `path` is named where the error does not name a file below it.

    Raises:
        MalformedError: it cannot be read.
    """
    try:
        yield
    except ServiceError:
        raise
    except _FOREIGN as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise MalformedError(
            f"{path} cannot be read as {kind}: {reason}; name a Parquet or CSV file, or a folder "
            "of images"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise MalformedError(
            f"{error.filename or path} cannot be read: {reason}; check the file"
        ) from error


def digest_of(path: Path) -> str:
    """Of the size, the time of change and the end of a file: there Parquet locates its pages."""
    with reading(path), path.open("rb") as file:
        status = os.fstat(file.fileno())
        file.seek(max(0, status.st_size - _END_BYTES))
        digest = hashlib.sha256(file.read())
    digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()
