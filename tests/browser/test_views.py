"""Views that load slowly: what is wanted by then is shown, and each is made once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.chromium import draw
from tests.browser.conftest import Visit
from tests.browser.strokes import DIGITS

pytestmark = pytest.mark.browser
SLOW_MS = 900
PATIENCE_MS = 60_000
# The page's minute passes this many times faster.
FASTER = 20


def test_a_slow_view_does_not_cover_the_one_wanted_since(visit: Visit) -> None:
    page = visit().open("#break")
    expect(page.locator(".chart")).to_be_visible()
    waiting: list[Route] = []
    page.route("**/web/guide.js", lambda route: waiting.append(route))
    page.get_by_role("link", name="Guide").click()
    page.get_by_role("link", name="Break it").click()
    page.wait_for_timeout(SLOW_MS)
    expect(page.locator(".chart")).to_be_visible()
    for route in waiting:
        route.continue_()
    page.wait_for_timeout(300)
    expect(page.locator(".chart")).to_be_visible()


def test_a_view_is_made_once(visit: Visit) -> None:
    watched = visit()
    page = watched.page
    asked: list[str] = []
    waiting: list[Route] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.route("**/web/digits.js", lambda route: waiting.append(route))
    page.goto(f"{watched.url}/#digits", wait_until="domcontentloaded")
    for name in ("Guide", "Digits"):
        page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Loading the view")
    for route in waiting:
        route.continue_()
    expect(page.locator(".sample").first).to_be_visible()
    page.wait_for_timeout(300)
    assert len([url for url in asked if url.endswith("/samples")]) == 1


def test_a_view_that_was_not_loaded_is_tried_again(visit: Visit) -> None:
    page = visit(refusals=True).open("#break")
    page.route("**/openapi.json", lambda route: route.fulfill(status=429, json={"error": "busy"}))
    page.get_by_role("link", name="Guide").click()
    expect(page.get_by_role("alert")).to_have_text("Busy")
    page.unroute("**/openapi.json")
    page.get_by_role("link", name="Break it").click()
    expect(page.locator(".chart")).to_be_visible()
    page.get_by_role("link", name="Guide").click()
    expect(page.get_by_label("Image")).to_be_visible()


@pytest.mark.thorough
def test_a_service_that_is_silent_for_a_minute_is_given_up(visit: Visit) -> None:
    watched = visit()
    page = watched.page
    page.add_init_script(
        "globalThis.patience = []; const minute = AbortSignal.timeout.bind(AbortSignal);"
        "AbortSignal.timeout = (ms) => { globalThis.patience.push(ms);"
        f" return minute(ms / {FASTER}) }}"
    )
    watched.open()
    page.wait_for_selector(".sample")
    held: list[Route] = []
    page.route("**/compare**", lambda route: held.append(route))
    draw(page, DIGITS[14][1])
    expect(page.locator("section.digits.waiting")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_text("The service did not answer within a minute.")
    expect(page.locator(".answer .label").first).to_have_text("\u2013")
    assert set(page.evaluate("patience")) == {PATIENCE_MS}
    assert held
    page.unroute("**/compare**")
    page.get_by_role("button", name="Clear").click()
    draw(page, DIGITS[14][1])
    expect(page.locator(".summary")).to_have_text("All four say 7.")
    expect(page.get_by_role("alert")).to_have_count(0)
