"""Every view through axe-core, in light and dark, and on a phone without scrolling sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.accessibility import findings, wide
from tests.browser.chromium import PHONE, draw
from tests.browser.conftest import Visit
from tests.browser.strokes import DIGITS
from tests.conftest import ROOT

pytestmark = pytest.mark.browser
VIEWS = ["#digits", "#break", "#tables", "#data", "#guide", "docs"]
FACTS = "#guide?facts=%7B%22modalities%22%3A%5B%22image%22%5D%2C%22n_labelled%22%3A500%7D"


def fill(page: Page, view: str) -> None:
    """Bring a view to where it shows all it has."""
    if view == "#digits":
        draw(page, DIGITS[14][1])
        page.wait_for_selector(".answer.answered")
    if view == "#data":
        page.get_by_label("Choose a file").set_input_files(ROOT / "docs/examples/loans.csv")
        page.wait_for_selector(".big")
    if view == "docs":
        page.locator("summary").first.click()
    if view == "#break":
        page.wait_for_selector(".chart")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.wait_for_timeout(300)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_found(visit: Visit, view: str, scheme: str) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce").open(
        FACTS if view == "#guide" else view
    )
    fill(page, view)
    assert not findings(page)


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_a_phone(visit: Visit, view: str) -> None:
    page = visit(viewport=PHONE).open(FACTS if view == "#guide" else view)
    fill(page, view)
    assert not wide(page)
