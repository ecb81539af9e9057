"""What axe-core finds on a page, and what is wider than the window."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.chromium import draw
from tests.browser.strokes import DIGITS
from tests.conftest import ROOT

VIEWS = ("#digits", "#break", "#tables", "#data", "#guide", "docs")
SCHEMES = ("light", "dark")
_FACTS = "#guide?facts=%7B%22modalities%22%3A%5B%22image%22%5D%2C%22n_labelled%22%3A500%7D"


def address(view: str) -> str:
    """Of a view where it has something to show."""
    return _FACTS if view == "#guide" else view


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
    if view == "#digits":
        page.wait_for_selector(".trust")
        page.get_by_label("Channel of conv1").select_option("0")
        page.wait_for_selector(".excited img")
    page.wait_for_timeout(300)


def findings(page: Page) -> list[dict[str, Any]]:
    """Every violation, of any impact, with its first elements."""
    return [
        {
            "rule": violation["id"],
            "impact": violation["impact"],
            "elements": [node["html"][:200] for node in violation["nodes"][:3]],
            "why": violation["nodes"][0]["failureSummary"][:300],
        }
        for violation in Axe().run(page).response["violations"]
    ]


def wide(page: Page) -> list[str]:
    """Elements that reach beyond the right edge; what scrolls by itself may."""
    found: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll')"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))"
    )
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("the document")
    return found
