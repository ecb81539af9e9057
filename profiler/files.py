"""Bytes -> profile or table, by content. Runs in the child."""

from __future__ import annotations

from profiler.delimited import read_csv
from profiler.errors import UnsupportedError
from profiler.facts import profile_table
from profiler.images import profile_images
from profiler.limits import Limits
from profiler.parquet import read_parquet
from profiler.result import Profile
from profiler.sniff import container
from profiler.table import Table


def profile_file(data: bytes, *, target: str | None, limits: Limits) -> Profile:
    """Derive the facts of a problem from its data.

    Raises:
        ProfilerError: as `profiler.profile` does.
    """
    if container(data) == "zip":
        return profile_images(data, target, limits)
    return profile_table(read_file(data, limits), target)


def read_file(data: bytes, limits: Limits) -> Table:
    """Read a CSV or a Parquet file.

    Raises:
        ProfilerError: as `profiler.read_table` does.
    """
    kind = container(data)
    if kind == "zip":
        raise UnsupportedError("file is a zip; send the table by itself, unzipped")
    return read_parquet(data, limits) if kind == "parquet" else read_csv(data, limits)
