"""A service with API keys: the page asks for one, once, and keeps it for the tab."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from service.api_keys import new_key
from tests.browser.accessibility import findings
from tests.browser.chromium import draw
from tests.browser.conftest import Visit
from tests.browser.strokes import DIGITS
from tests.faults import fault
from tests.server import serve

pytestmark = pytest.mark.browser
SEVEN = DIGITS[14][1]


@pytest.fixture(scope="module")
def locked() -> Iterator[tuple[str, str]]:
    """The address of a service with a key, and the key."""
    key, entry = new_key()
    wanted: dict[str, Any] = {"ROSENBLATT_API_KEYS": entry}
    with serve(**wanted) as server:
        yield server.url, key


@fault("keys")
def test_the_page_asks_for_a_key_and_keeps_it(visit: Visit, locked: tuple[str, str]) -> None:
    url, key = locked
    watched = visit(url, refusals=True)
    page = watched.open()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert not findings(page)
    page.get_by_label("Key", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("does not accept this key")
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Use it").click()
    expect(dialog).to_have_count(0)
    draw(page, SEVEN)
    expect(page.locator(".summary")).to_have_text("All four say 7.")
    page.reload()
    draw(page, SEVEN)
    expect(page.locator(".summary")).to_have_text("All four say 7.")
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("key", ["rsb_schlüssel", "rsb_a key", "“rsb_key”", " "])
def test_a_key_that_no_header_can_carry_is_refused_in_the_dialog(
    visit: Visit, locked: tuple[str, str], key: str
) -> None:
    """Sent, it would fail every request of the tab, and the page would say nothing of the key."""
    page = visit(locked[0], refusals=True).open()
    dialog = page.get_by_role("dialog")
    page.get_by_label("Key", exact=True).fill(key)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("letters, digits and signs of ASCII only")
    assert page.evaluate("sessionStorage.length") == 0
    assert not findings(page)
    page.get_by_label("Key", exact=True).fill(locked[1])
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    draw(page, SEVEN)
    expect(page.locator(".summary")).to_have_text("All four say 7.")


def test_who_has_no_key_reads_why(visit: Visit, locked: tuple[str, str]) -> None:
    watched = visit(locked[0], refusals=True)
    page = watched.page
    page.goto(f"{locked[0]}/#guide")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("alert").first).to_contain_text("no API key")
