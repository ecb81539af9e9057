"""Functions of the page's modules, called in the browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser
NONE = {"noise": 0, "shift": 0, "occlusion": 0, "inversion": 0}
ROWS = [[(7 * y + 3 * x) % 256 for x in range(28)] for y in range(28)]


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit().open()


def call(page: Page, module: str, name: str, *arguments: Any) -> Any:
    script = "([m, n, a]) => import(`./web/${m}.js`).then((found) => found[n](...a))"
    return page.evaluate(script, [module, name, list(arguments)])


def test_damages_of_a_picture(page: Page) -> None:
    def damaged(**levels: int) -> list[list[int]]:
        found: list[list[int]] = call(page, "perturb", "damaged", ROWS, NONE | levels)
        return found

    assert damaged() == ROWS
    assert damaged(shift=3) == [[0, 0, 0, *row[:25]] for row in ROWS]
    assert damaged(inversion=100) == [[255 - value for value in row] for row in ROWS]
    covered = damaged(occlusion=10)
    assert covered[14][14] == covered[9][9] == 128
    assert covered[8] == ROWS[8]
    noisy = damaged(noise=80)
    assert noisy == damaged(noise=80) != ROWS
    changes = [abs(a - b) for new, old in zip(noisy, ROWS, strict=True)
               for a, b in zip(new, old, strict=True)]  # fmt: skip
    assert 10 < max(changes) <= 80
    assert all(0 <= value <= 255 for row in noisy for value in row)


def test_a_series_runs_from_nothing_to_the_most(page: Page) -> None:
    levels = call(page, "perturb", "series", {"most": 18})
    assert (levels[0], levels[-1], len(levels)) == (0, 18, 13)


@pytest.mark.parametrize(
    ("labels", "expected"), [(["4"], "4"), (["4", "9"], "4"), (["4", "9", "9"], "9")]
)
def test_the_majority(page: Page, labels: list[str], expected: str) -> None:
    assert call(page, "answers", "majority", labels) == expected


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0%"), (1, "100%"), (0.5, "50.0%"), (1e-6, "< 0.1%"), (1 - 1e-6, "> 99.9%")],
)
def test_shares_never_round_to_certainty(page: Page, share: float, text: str) -> None:
    assert call(page, "dom", "percent", share) == text


def test_of_what_arrives_meanwhile_the_newest_is_kept(page: Page) -> None:
    ran = page.evaluate(
        """async () => {
          const { latest } = await import("./web/api.js");
          const ran = [];
          const pause = () => new Promise((done) => setTimeout(done, 30));
          const task = latest(async (value) => { ran.push(value); await pause(); });
          const first = task(1);
          task(2); task(3); task(4);
          await first;
          await task(5);
          return ran;
        }"""
    )
    assert ran == [1, 4, 5]
