"""What several tests of the guide need."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def untraced() -> Iterator[None]:
    """No coverage meanwhile: it makes small functions five times slower."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


@pytest.fixture
def frozen() -> Iterator[None]:
    """As the service does: a collection over everything imported is no part of an answer."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
