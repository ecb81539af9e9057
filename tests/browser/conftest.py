"""A browser for each file of tests, and a watched page for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import Watched, chromium, executable
from tests.server import Server

Visit = Callable[..., Watched]


# Of a file only: Playwright's event loop must not run while other tests run theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, or a skip that says how to get it; a failure where it is required."""
    if executable() is None:
        message = "install Chromium, or set ROSENBLATT_CHROMIUM to its path"
        if os.environ.get("ROSENBLATT_REQUIRE_BROWSER"):
            raise FileNotFoundError(message)
        pytest.skip(message)
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """Makes watched pages, of the committed models unless told otherwise; checks them after."""
    pages: list[Watched] = []

    def make(url: str | None = None, **options: Any) -> Watched:
        pages.append(Watched(browser, url or server.url, **options))
        return pages[-1]

    yield make
    for page in pages:
        page.close()
