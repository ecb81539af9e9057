"""The series of a damage: chart, table, and who changes the answer."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import draw
from tests.browser.conftest import Visit
from tests.browser.strokes import DIGITS

pytestmark = pytest.mark.browser


def test_a_slider_changes_the_answers(visit: Visit) -> None:
    page = visit().open("#break")
    expect(page.locator(".summary")).to_have_text("Every model still says what it said.")
    expect(page.locator(".chart polyline")).to_have_count(4)
    expect(page.locator(".chart .right, .chart .wrong")).to_have_count(4 * 13)
    assert page.locator("tbody tr").count() == 4
    page.get_by_label("Occlusion").fill("18")
    expect(page.locator(".summary")).to_contain_text(" now say")
    expect(
        page.get_by_role("img", name="Confidence in the first answer, by occlusion")
    ).to_be_visible()
    assert page.locator("tr.differs").count() >= 1
    page.get_by_role("button", name="Undo all damage").click()
    expect(page.locator(".summary")).to_have_text("Every model still says what it said.")


def test_the_digit_that_was_drawn_is_broken(visit: Visit) -> None:
    page = visit().open()
    draw(page, DIGITS[14][1])
    expect(page.locator(".summary")).to_have_text("All four say 7.")
    page.get_by_role("link", name="Break it").click()
    expect(page.locator("tbody tr").first).to_contain_text("7")
    page.go_back()
    expect(page.locator(".summary")).to_have_text("All four say 7.")
