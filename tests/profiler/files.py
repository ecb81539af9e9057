"""Small files of every kind, built in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn import datasets

from profiler import Limits, Profile
from profiler.errors import ProfilerError
from profiler.files import profile_file

LIMITS = Limits()


def limits(**changes: Any) -> Limits:
    return replace(LIMITS, **changes)


def csv(*lines: str) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


def column(values: list[str], name: str = "x") -> bytes:
    """A CSV of one column under test beside a running number, so that no row repeats."""
    return csv(f"{name},n", *(f"{v},{i}.5" for i, v in enumerate(values)))


def parquet(frame: pl.DataFrame, **options: Any) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, **options)
    return buffer.getvalue()


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def image(kind: str = "PNG", size: tuple[int, int] = (4, 3), shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", size, shade).save(buffer, kind)
    return buffer.getvalue()


def images(*names: str) -> bytes:
    """A zip of these images, each of its own shade."""
    return zipped({name: image(shade=i % 256) for i, name in enumerate(names)})


@lru_cache(maxsize=1)
def iris() -> pl.DataFrame:
    bunch = datasets.load_iris()
    species = pl.Series("species", [bunch.target_names[i] for i in bunch.target])
    return pl.DataFrame(bunch.data, schema=list(bunch.feature_names)).with_columns(species)


@lru_cache(maxsize=1)
def breast_cancer() -> pl.DataFrame:
    bunch = datasets.load_breast_cancer()
    frame = pl.DataFrame(bunch.data, schema=list(bunch.feature_names))
    return frame.with_columns(malignant=pl.Series(1 - np.asarray(bunch.target)))


def look(data: bytes, target: str | None = None, allowed: Limits = LIMITS) -> Profile:
    """Profile in this process: for files that are known to do no harm."""
    return profile_file(data, target=target, limits=allowed)


def refused(
    data: bytes,
    error: type[ProfilerError],
    *parts: str,
    target: str | None = None,
    allowed: Limits = LIMITS,
) -> None:
    """The file is refused with this very class, and the message is one short line of ASCII."""
    with pytest.raises(ProfilerError) as caught:
        profile_file(data, target=target, limits=allowed)
    message = str(caught.value)
    assert type(caught.value) is error, message
    for part in parts:
        assert part in message
    assert "\n" not in message
    assert len(message) < 700
