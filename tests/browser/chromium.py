"""Chromium of the system, headless, driven by Playwright; and a page that is watched."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
# The browser logs an answer of 4xx as an error, which a page cannot prevent.
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


def executable() -> str | None:
    """The browser: `ROSENBLATT_CHROMIUM`, or Debian's or another distribution's on the path."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("ROSENBLATT_CHROMIUM") or next(
        filter(None, map(shutil.which, names)), None
    )


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a fresh profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=[*ARGUMENTS])
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page of one server, and what went wrong on it.

    Args:
        refusals: whether the service may answer 4xx.
    """

    def __init__(self, browser: Browser, url: str, refusals: bool = False, **options: Any) -> None:
        self.url = url
        self.wrong: list[str] = []
        self._refusals = refusals
        self._context = browser.new_context(**({"viewport": DESKTOP} | options))
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._request)

    def open(self, view: str = "#digits") -> Page:
        """Show a view, and wait until it stands."""
        self.page.goto(f"{self.url}/{view}")
        self.page.wait_for_selector("main h1")
        return self.page

    def close(self) -> None:
        """Raise AssertionError if anything went wrong."""
        wrong = list(self.wrong)
        # From here on a stubbed request that is still in flight may reach the service.
        self.page.unroute_all(behavior="ignoreErrors")
        self._context.close()
        assert not wrong, wrong

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not (self._refusals and _REFUSED.match(message.text)):
            self.wrong.append(message.text)

    def _request(self, request: Request) -> None:
        """Nothing is asked of another host."""
        if not request.url.startswith((f"{self.url}/", "data:", "blob:")):
            self.wrong.append(f"asked {request.url}")


def offer(page: Page, routes: Sequence[str]) -> None:
    """Make the service's list of routes hold these optional ones, and no others."""

    def answer(route: Route) -> None:
        response = route.fetch()
        listed = response.json()
        kept = [r for r in listed["routes"] if r["path"] not in {"/explain", "/layers"}]
        listed["routes"] = kept + [
            {"method": "POST", "path": path, "summary": ""} for path in routes
        ]
        route.fulfill(response=response, json=listed)

    page.route("**/docs", answer)


def stub(page: Page, path: str, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer the POSTs of a path in place of the service."""
    page.route(
        lambda url: urlsplit(url).path == path,
        lambda route: route.fulfill(json=answer(route.request.post_data_json)),
    )


def draw(page: Page, strokes: Sequence[Sequence[tuple[float, float]]]) -> None:
    """Draw strokes of points from 0 to 1 on the board, by mouse."""
    box = page.locator(".pad canvas").bounding_box()
    assert box is not None

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]

    for stroke in strokes:
        page.mouse.move(*at(stroke[0]))
        page.mouse.down()
        for point in stroke[1:]:
            page.mouse.move(*at(point))
        page.mouse.up()
