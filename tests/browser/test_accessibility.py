"""Every view through axe-core, in light and dark, and on a phone without scrolling sideways."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.chromium import PHONE, draw
from tests.browser.conftest import Visit
from tests.browser.strokes import DIGITS
from tests.conftest import ROOT

pytestmark = pytest.mark.browser
VIEWS = ["#digits", "#break", "#tables", "#data", "#guide", "docs"]
FACTS = "#guide?facts=%7B%22modalities%22%3A%5B%22image%22%5D%2C%22n_labelled%22%3A500%7D"
SERIOUS = {"serious", "critical"}


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
def test_no_serious_finding(visit: Visit, view: str, scheme: str) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce").open(
        FACTS if view == "#guide" else view
    )
    fill(page, view)
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], [(n["html"][:200], n["failureSummary"][:300]) for n in v["nodes"][:3]])
        for v in found
        if v["impact"] in SERIOUS
    ]
    assert not serious
    print(view, scheme, [v["id"] for v in found])  # noqa: T201


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_a_phone(visit: Visit, view: str) -> None:
    page = visit(viewport=PHONE).open(FACTS if view == "#guide" else view)
    fill(page, view)
    wide = page.evaluate(
        "() => [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll')"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))"
    )
    assert not wide
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
