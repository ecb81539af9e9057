"""The folder that Ray writes: filled under another name beside the target, then exchanged for it.

Until then the old target stays as it is, and of the old target only Parquet files are removed. In
an object store, which renames no folder, Ray writes to the target itself.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from service.errors import InvalidError, MalformedError
from service.score.overlap import entries, refuse


def local_path(address: str) -> Path | None:
    """The path of this machine that an argument names; None for an address elsewhere."""
    if "://" not in address:
        return Path(address)
    parts = urlsplit(address)
    if parts.scheme not in ("file", "local"):
        return None
    return Path(unquote(parts.netloc.removeprefix("localhost") + parts.path))


def check(source: str, target: str, overwrite: bool) -> None:
    """Refuse a target that overlaps with its source, or is taken. Reads only.

    Raises:
        InvalidError: they overlap; the target is a file, holds something and is not to be
            replaced, or holds more than Parquet files.
    """
    place, origin = local_path(target), local_path(source)
    if place is not None and origin is not None:
        refuse(origin, place, place)
    elif place is None and origin is None and _overlap(source, target):
        raise InvalidError(f"{target} and the source {source} overlap; name another target")
    if place is not None:
        _check_folder(place, overwrite)


@contextmanager
def staged(source: str, target: str, overwrite: bool) -> Iterator[str]:
    """Where Ray is to write. After the block that is the target; an error leaves the old one.

    Raises:
        InvalidError: the folder cannot be made, or the target was taken or linked meanwhile.
        MalformedError: the folder cannot be renamed.
    """
    place = local_path(target)
    if place is None:
        yield target
        return
    place = place.resolve()
    stage = _beside(place, "new")
    try:
        _make(stage)
        yield str(stage)
        stage.mkdir(exist_ok=True)  # which Ray removes if there are no rows
        check(source, target, overwrite)
        _exchange(stage, place)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _check_folder(place: Path, overwrite: bool) -> None:
    found = entries(place)
    if (place.exists() and not place.is_dir()) or (found and not overwrite):
        raise InvalidError(
            f"{place} exists already; name another folder, or replace its files with --overwrite"
        )
    if strange := [path.name for path in found if not _is_parquet(path)]:
        raise InvalidError(
            f"{place} holds {strange[0]}, which is no Parquet file; move it or name another folder"
        )


def _exchange(stage: Path, place: Path) -> None:
    """The new folder takes the place of the old one, whose Parquet files then go."""
    if not place.exists():
        _rename(stage, place)
        return
    old = _beside(place, "old")
    _rename(place, old)
    try:
        _rename(stage, place)
    except MalformedError:
        _rename(old, place)
        raise
    for path in entries(old):
        if _is_parquet(path):
            path.unlink()
    try:
        old.rmdir()
    except OSError as error:
        raise InvalidError(
            f"{old} holds files that were put into {place} during the run; move them"
        ) from error


def _rename(path: Path, to: Path) -> None:
    try:
        path.rename(to)
    except OSError as error:
        raise MalformedError(
            f"{path} cannot be renamed to {to}: {error.strerror}; name another target"
        ) from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InvalidError(
            f"{folder} cannot be made: {error.strerror}; name another target"
        ) from error


def _beside(place: Path, kind: str) -> Path:
    return place.with_name(f"{place.name}.{kind}-{secrets.token_hex(4)}")


def _is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet" and path.is_file() and not path.is_symlink()


def _overlap(source: str, target: str) -> bool:
    """True if one address is the other or lies below it."""
    (here, inner), (there, outer) = _location(source), _location(target)
    return here == there and (inner.is_relative_to(outer) or outer.is_relative_to(inner))


def _location(address: str) -> tuple[str, PurePosixPath]:
    """Bucket or host, and the path in it. Credentials and options of S3 and Google are left out."""
    parts = urlsplit(address)
    host = parts.netloc
    if parts.scheme.startswith(("s3", "gs", "gcs")):
        host = host.rpartition("@")[2]
    steps: list[str] = []
    for step in unquote(parts.path).split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in ("", "."):
            steps.append(step)
    return host, PurePosixPath("/", *steps)
