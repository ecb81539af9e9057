"""Reads the files of a model repository, and nothing outside it."""

from __future__ import annotations

from pathlib import Path

from contract.errors import ArtifactError


def read_inside(path: Path, root: Path, size: int | None = None, most: int | None = None) -> bytes:
    """The bytes of a file of the repository at `root`.

    A link may lead to another place in the repository, as Kubernetes' volumes have it. A hard link
    cannot be told from a file, but has no more effect than a copy: it is read once, and audited.

    Args:
        size: of the file in bytes, as its manifest says; one of another size is not read.
        most: bytes; a longer file is not read.

    Raises:
        ArtifactError: it is missing or no file, leads out of the repository, or has another size
            or too many bytes.
    """
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()):
            raise ArtifactError(
                f"{path} is a link that leads out of the repository; copy the file there"
            )
        if not real.is_file():
            raise ArtifactError(f"{path} cannot be read: it is no regular file; restore it")
        found = real.stat().st_size
        if size not in (None, found):
            raise ArtifactError(
                f"{path} holds {found} bytes but its manifest says {size}; "
                "restore the file or retrain the model"
            )
        if most is not None and found > most:
            raise ArtifactError(f"{path} has {found} bytes; at most {most} are read")
        return real.read_bytes()
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to each other
        reason = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
        raise ArtifactError(f"{path} cannot be read: {reason}; restore it") from error
