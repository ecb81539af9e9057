"""What the tests over HTTP share."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.server import Server


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    """Asks the module's server, on one connection."""
    with server.client() as client:
        yield client
