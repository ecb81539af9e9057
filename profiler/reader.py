"""Bytes -> profile: find out what the file is, and hand it to who reads it."""

from __future__ import annotations

from profiler.errors import TooLargeError
from profiler.limits import Limits
from profiler.result import Profile
from profiler.sniff import container


def profile(data: bytes, *, target: str | None, limits: Limits) -> Profile:
    """Derive the facts of a problem from its data.

    Args:
        data: a CSV, a Parquet file, or a zip of images in class folders; found by content.
        target: the column to predict, of a table; None if it is not known.
        limits: what the file may cost; nothing is written to disk.

    Raises:
        ProfilerError: UnreadableError for a broken file, TooLargeError beyond a limit,
            UnsupportedError for another kind of file, ContentError for one that can be read but
            not profiled, TargetError for a target that is no column.
    """
    if len(data) > limits.max_bytes:
        raise TooLargeError(
            f"file holds {len(data):,} bytes; the limit is {limits.max_bytes:,}: send a sample"
        )
    kind = container(data)
    # Each reader brings its library, so none is imported before a file needs it.
    if kind == "zip":
        from profiler.images import profile_images

        return profile_images(data, target, limits)
    from profiler.facts import profile_table

    if kind == "parquet":
        from profiler.parquet import read_parquet

        return profile_table(read_parquet(data, limits), target)
    from profiler.delimited import read_csv

    return profile_table(read_csv(data, limits), target)
