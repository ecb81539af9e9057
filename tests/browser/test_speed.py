"""How fast and how small the page is."""

from __future__ import annotations

import statistics

import pytest

from tests.browser.conftest import Visit
from tests.browser.measures import (
    DRAW_TO_ANSWER_MS,
    FIRST_PAINT_MS,
    TRANSFER_BYTES,
    answer_times,
    first_paint,
    transferred,
)

pytestmark = pytest.mark.browser


def test_all_views_together_are_small(visit: Visit) -> None:
    found = transferred(visit())
    print(f"first view {found.first / 1000:.1f} kB, all {found.total / 1000:.1f} kB")  # noqa: T201
    assert len([url for url in found.sizes if "/web/" in url]) > 20
    largest = sorted(found.sizes.items(), key=lambda item: -item[1])[:8]
    assert found.total <= TRANSFER_BYTES, largest
    assert found.first <= TRANSFER_BYTES / 2, largest


@pytest.mark.slow
def test_the_first_paint_is_soon(visit: Visit) -> None:
    paints = [first_paint(visit().open()) for _ in range(5)]
    print(f"first paint {[round(p) for p in paints]} ms")  # noqa: T201
    assert statistics.median(paints) <= FIRST_PAINT_MS


@pytest.mark.slow
def test_ink_is_answered_at_once(visit: Visit) -> None:
    times = answer_times(visit().open())
    assert len(times) > 30
    middle, late = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    print(f"draw to answer {middle:.0f} ms at the median, {late:.0f} ms p95")  # noqa: T201
    assert middle <= DRAW_TO_ANSWER_MS
