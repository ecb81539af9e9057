"""Everything by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser
VIEWS = ["Digits", "Break it", "Tables", "Your data", "Guide"]


def tab_to(page: Page, description: str, most: int = 80) -> None:
    """Press Tab until the focused element has this accessible text."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => { const e = document.activeElement;"
            " return e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText }"
        )
        if focused and focused.strip().startswith(description):
            return
    raise AssertionError(f"Tab does not reach {description}")


def test_a_digit_is_drawn_and_cleared(visit: Visit) -> None:
    page = visit().open()
    tab_to(page, "Draw a digit")
    page.keyboard.press("Space")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator(".answer .label").first).to_have_text("1")
    expect(page.locator("#announcer")).to_contain_text("1")
    page.keyboard.press("Delete")
    expect(page.locator(".summary")).to_contain_text("Draw a digit")


@pytest.mark.parametrize("key", ["Delete", "Backspace"])
def test_clearing_lifts_the_pen(visit: Visit, key: str) -> None:
    page = visit().open()
    tab_to(page, "Draw a digit")
    for pressed in ("Space", "ArrowDown", key, "ArrowDown", "ArrowDown"):
        page.keyboard.press(pressed)
    expect(page.locator(".pen.down")).to_have_count(0)
    expect(page.locator(".summary")).to_contain_text("Draw a digit")


def test_a_sample_lifts_the_pen(visit: Visit) -> None:
    page = visit().open()
    page.wait_for_selector(".sample")
    tab_to(page, "Draw a digit")
    page.keyboard.press("Space")
    # A click from a script leaves the focus on the board.
    page.get_by_role("button", name="Sample 3").evaluate("button => button.click()")
    expect(page.locator(".answer .label").first).to_have_text("3")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".answer .label").first).to_have_text("3")


def test_samples_are_reached(visit: Visit) -> None:
    page = visit().open()
    page.wait_for_selector(".sample")
    tab_to(page, "Clear")
    for _ in range(3 + 3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".answer .label").first).to_have_text("3")


@pytest.mark.parametrize("view", VIEWS[1:])
def test_views_are_opened(visit: Visit, view: str) -> None:
    page = visit().open()
    tab_to(page, view)
    page.keyboard.press("Enter")
    expect(page.locator(f"main section[aria-label='{view}'] h1")).to_be_visible()
    expect(page.get_by_role("link", name=view)).to_have_attribute("aria-current", "page")
    expect(page).to_have_title(f"{view} · Rosenblatt")


def test_the_content_can_be_skipped_to(visit: Visit) -> None:
    page = visit().open()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    expect(page.locator(".pad")).to_be_visible()


def test_skipping_keeps_the_view(visit: Visit) -> None:
    page = visit().open("#break")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    assert page.url.endswith("#break")
    expect(page.locator("section.break")).to_be_visible()


def test_a_slider_breaks_the_digit(visit: Visit) -> None:
    page = visit().open("#break")
    expect(page.locator(".chart")).to_be_visible()
    tab_to(page, "Inversion")
    page.keyboard.press("End")
    expect(page.locator(".slider.swept .value")).to_have_text("100%")
    expect(page.locator(".notice")).to_contain_text("dark on light")
