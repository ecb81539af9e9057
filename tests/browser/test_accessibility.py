"""Every view through axe-core, in light and dark, and on a phone without scrolling sideways."""

from __future__ import annotations

import pytest

from tests.browser.accessibility import SCHEMES, VIEWS, address, fill, findings, wide
from tests.browser.chromium import PHONE
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_found(visit: Visit, view: str, scheme: str) -> None:
    page = visit(color_scheme=scheme, reduced_motion="reduce").open(address(view))
    fill(page, view)
    assert not findings(page)


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_a_phone(visit: Visit, view: str) -> None:
    page = visit(viewport=PHONE).open(address(view))
    fill(page, view)
    assert not wide(page)
