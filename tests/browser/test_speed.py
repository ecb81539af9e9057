"""How fast and how small the page is."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from tests.browser.chromium import draw
from tests.browser.conftest import Visit
from tests.browser.strokes import DIGITS

pytestmark = pytest.mark.browser
FIRST_PAINT_MS = 1000
DRAW_TO_ANSWER_MS = 150
TRANSFER_BYTES = 120_000
VIEWS = ("#break", "#tables", "#data", "#guide", "docs")


def test_all_views_together_are_small(visit: Visit) -> None:
    """The documents that every view gets; samples and the models' answers are data."""
    watched = visit()
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
    for view in VIEWS:
        watched.open(view)
        page.wait_for_timeout(300)
    total = sum(sizes.values())
    print(f"first view {first / 1000:.1f} kB, all views {total / 1000:.1f} kB")  # noqa: T201
    assert len([url for url in sizes if "/web/" in url]) > 20
    assert total <= TRANSFER_BYTES, sorted(sizes.items(), key=lambda item: -item[1])[:8]


@pytest.mark.slow
def test_the_first_paint_is_soon(visit: Visit) -> None:
    paints = []
    for _ in range(5):
        page = visit().open()
        paints.append(
            page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        )
    print(f"first paint {[round(p) for p in paints]} ms")  # noqa: T201
    assert statistics.median(paints) <= FIRST_PAINT_MS


@pytest.mark.slow
def test_ink_is_answered_at_once(visit: Visit) -> None:
    """From the pointer's event to the answers on the screen, at the median of all ink."""
    page = visit().open()
    page.wait_for_selector(".sample")
    for _, strokes in DIGITS[::2]:
        page.get_by_role("button", name="Clear").click()
        draw(page, strokes)
        page.wait_for_timeout(250)
    times = page.evaluate("performance.getEntriesByName('draw-to-answer').map(e => e.duration)")
    assert len(times) > 30
    middle, late = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    print(f"draw to answer {middle:.0f} ms at the median, {late:.0f} ms p95")  # noqa: T201
    assert middle <= DRAW_TO_ANSWER_MS
