"""Arrays in an .npz archive, the same bytes for the same arrays, read without pickle."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from contract.batch import Array

# NumPy parses an array's header with `ast.literal_eval`. In Python 3.11 that counts its recursion
# depth over all threads and can fail on valid input: "AST constructor recursion depth mismatch".
_ONE_READER = threading.Lock()
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that equal arrays give equal bytes


def pack(arrays: Mapping[str, Array]) -> bytes:
    """An archive of arrays by name; none may hold Python objects."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            # np.savez cannot store an array under the name of one of its own arguments.
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()


@contextmanager
def unpacked(data: bytes) -> Iterator[np.lib.npyio.NpzFile]:
    """The arrays of an archive, to be read by one thread at a time.

    Raises:
        Exception: the archive is damaged; zipfile, zlib and NumPy raise many unrelated types.
    """
    with _ONE_READER, np.load(io.BytesIO(data), allow_pickle=False) as archive:
        yield archive
