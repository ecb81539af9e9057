"""What the page costs and what it does: measured for the tests and for `benchmarks page`."""

from __future__ import annotations

from typing import Any, NamedTuple

from playwright.sync_api import Page

from tests.browser.chromium import Watched, draw
from tests.browser.strokes import DIGITS

# Bars; the docs state them beside what was measured.
FIRST_PAINT_MS = 1000
DRAW_TO_ANSWER_MS = 150
TRANSFER_BYTES = 120_000
LEAST_DIGITS = 18

_OTHER_VIEWS = ("#break", "#tables", "#data", "#guide", "docs")
_SETTLED = (
    "() => { const last = performance.getEntriesByName('draw-to-answer').at(-1);"
    " return last && performance.now() - last.startTime - last.duration > 250 }"
)


class Transfer(NamedTuple):
    """Bytes over the wire, headers included: of the first view, and of all views by address."""

    first: float
    sizes: dict[str, float]

    @property
    def total(self) -> float:
        """Bytes of all views."""
        return sum(self.sizes.values())


def transferred(watched: Watched) -> Transfer:
    """Show every view, and count what is fetched; samples and the models' answers are data."""
    session = watched.page.context.new_cdp_session(watched.page)
    urls: dict[str, str] = {}
    sizes: dict[str, float] = {}

    def requested(event: dict[str, Any]) -> None:
        if event["request"]["method"] == "GET":
            urls[event["requestId"]] = event["request"]["url"]

    def finished(event: dict[str, Any]) -> None:
        url = urls.get(event["requestId"], "")
        if url.startswith(watched.url) and not url.endswith("/samples"):
            sizes[url] = sizes.get(url, 0) + event["encodedDataLength"]

    session.on("Network.requestWillBeSent", requested)
    session.on("Network.loadingFinished", finished)
    session.send("Network.enable")
    page = watched.open()
    page.wait_for_selector(".sample")
    first = sum(sizes.values())
    for view in _OTHER_VIEWS:
        watched.open(view)
        page.wait_for_timeout(300)
    return Transfer(first, sizes)


def first_paint(page: Page) -> float:
    """Milliseconds from the start of the navigation to the first content of an open page."""
    entry = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    found: float = page.evaluate(entry)
    return found


def answer_times(page: Page) -> list[float]:
    """Milliseconds from a pointer's event to the answers on the screen, for all ink of ten digits.

    The page shows the view of digits.
    """
    page.wait_for_selector(".sample")
    for _, strokes in DIGITS[::2]:
        page.get_by_role("button", name="Clear").click()
        draw(page, strokes)
        page.wait_for_timeout(250)
    entries = "performance.getEntriesByName('draw-to-answer').map(e => e.duration)"
    found: list[float] = page.evaluate(entries)
    return found


def misread(page: Page) -> list[str]:
    """Draw two digits of each class; those that the best model, the CNN, reads wrongly."""
    wrong = []
    for digit, strokes in DIGITS:
        page.get_by_role("button", name="Clear").click()
        page.evaluate("performance.clearMeasures()")
        draw(page, strokes)
        settle(page)
        said = page.locator(".answer .label").first.inner_text()
        if said != digit:
            wrong.append(f"{digit} read as {said}")
    return wrong


def settle(page: Page) -> None:
    """Wait until the ink that is on the board is answered."""
    page.wait_for_function(_SETTLED)
