"""What axe-core finds on a page, and what is wider than the window."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


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
