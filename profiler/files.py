"""Bytes -> profile or table, by content. Runs in the child."""

from __future__ import annotations

from dataclasses import replace

from profiler.compressed import gunzip
from profiler.delimited import read_csv
from profiler.errors import UnsupportedError
from profiler.facts import profile_table
from profiler.images import profile_images
from profiler.json_lines import read_json_lines
from profiler.limits import Limits
from profiler.parquet import read_parquet
from profiler.result import Profile
from profiler.sniff import Container, container
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
    """Read a CSV, JSON Lines or a Parquet file, each of which gzip may have packed.

    Raises:
        ProfilerError: as `profiler.read_table` does.
    """
    kind = container(data)
    if kind != "gzip":
        return _read(kind, data, limits)
    inner = gunzip(data, limits)
    kind = container(inner)
    if kind == "gzip":
        raise UnsupportedError("file is a gzip archive in another; unpack it first")
    table = _read(kind, inner, limits)
    return replace(table, notes=("the file was unpacked from gzip", *table.notes))


def _read(kind: Container, data: bytes, limits: Limits) -> Table:
    if kind == "zip":
        raise UnsupportedError("file is a zip; send the table by itself, unzipped")
    if kind == "json_lines":
        return read_json_lines(data, limits)
    return read_parquet(data, limits) if kind == "parquet" else read_csv(data, limits)
