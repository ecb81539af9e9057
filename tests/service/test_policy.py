"""How a model is batched, from what was measured of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from service.inference.plan import Plan, measure
from service.inference.repository import load_all

from service.inference import plan
from service.settings import Settings

# Seconds of a row by the size of its run: the cap and the rows on the loop that follow.
PLANS = {
    "level": ({1: 1e-4, 4: 8e-5, 16: 7e-5, 64: 7e-5, 256: 7e-5}, 64, 12),
    "dearer when large": ({1: 1e-4, 4: 5e-5, 16: 2e-5, 64: 2.5e-5, 256: 3e-5}, 64, 50),
    "cheaper when large": ({1: 1e-5, 4: 4e-6, 16: 1e-6, 64: 5e-7, 256: 4e-7}, 256, 2500),
    "too long when large": ({1: 1e-3, 4: 3e-4, 16: 2e-4, 64: 2e-4, 256: 1e-4}, 64, 1),
    "a fixed cost": ({n: 2e-3 / n for n in (1, 4, 16, 64, 256)}, 256, 0),
    "slow": (dict.fromkeys((1, 4, 16, 64, 256), 0.05), 64, 0),
}


@pytest.mark.parametrize(("seconds", "cap", "inline"), PLANS.values(), ids=PLANS)
def test_a_plan_follows_from_what_was_measured(
    seconds: dict[int, float], cap: int, inline: int
) -> None:
    assert plan._cap(seconds) == cap
    assert plan._inline(seconds) == pytest.approx(inline, abs=1)


def test_a_plan_is_measured(repository: Path) -> None:
    found = Settings(models_dir=repository, default_model="beta", max_waiting_rows=99)
    session = load_all(found).get()
    started = time.perf_counter()
    measured = measure(session, found)
    assert time.perf_counter() - started < 2
    assert measured.cap in (64, 256)
    assert measured.inline >= 1
    assert 0 < measured.row_seconds < 1e-3
    assert (measured.queue, measured.seconds) == (99, 10.0)


def test_a_fast_model_makes_no_short_burst() -> None:
    fast = Plan(cap=64, inline=1, queue=2048, seconds=5, row_seconds=1e-7)
    assert (fast.run_seconds, fast.full_seconds) == (0.005, 0.1)
    slow = Plan(cap=64, inline=1, queue=2048, seconds=5, row_seconds=1e-3)
    assert (slow.run_seconds, slow.full_seconds) == (0.064, 2.048)
