"""Children are started once per module: each takes half a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from profiler import Reader
from tests.profiler.children import Sandbox
from tests.profiler.files import LIMITS, limits


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """With small limits, for files made to break them."""
    sandbox = Sandbox(limits(max_rows=1000, max_unpacked_bytes=2**20, memory_mb=512))
    yield sandbox
    sandbox.end()


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """With the default limits and a spare child, as the service has it."""
    with Reader(LIMITS) as reader:
        yield reader
