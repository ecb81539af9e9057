"""How a model is batched, from what was measured of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from contract.batch import Batch
from contract.repository import entries
from service.inference import policy
from service.inference.policy import BatchingPolicy, measure
from service.inference.session import CHUNK_ROWS, load
from service.settings import Settings

# Seconds of a row by the size of its run: the largest batch and the rows on the loop that follow.
POLICIES = {
    "level": ({1: 1e-4, 4: 8e-5, 16: 7e-5, 64: 7e-5, 256: 7e-5}, 64, 12),
    "dearer when large": ({1: 1e-4, 4: 5e-5, 16: 2e-5, 64: 2.5e-5, 256: 3e-5}, 64, 50),
    "cheaper when large": ({1: 1e-5, 4: 4e-6, 16: 1e-6, 64: 5e-7, 256: 4e-7}, 256, 2500),
    "too long when large": ({1: 1e-3, 4: 3e-4, 16: 2e-4, 64: 2e-4, 256: 1e-4}, 64, 1),
    "a fixed cost": ({n: 2e-3 / n for n in (1, 4, 16, 64, 256)}, 256, 0),
    "slow": (dict.fromkeys((1, 4, 16, 64, 256), 0.05), 64, 0),
}


@pytest.mark.parametrize(("seconds", "batch", "inline"), POLICIES.values(), ids=POLICIES)
def test_a_policy_follows_from_what_was_measured(
    seconds: dict[int, float], batch: int, inline: int
) -> None:
    assert policy._max_batch_rows(seconds) == batch
    assert policy._inline_rows(seconds) == pytest.approx(inline, abs=1)


def test_a_policy_is_measured(repository: Path) -> None:
    settings = Settings(models_dir=repository, default_model="beta", max_waiting_rows=99)
    session = load(entries(repository)[-1], settings)
    started = time.perf_counter()
    measured = measure(session, settings)
    assert time.perf_counter() - started < 2
    assert measured.max_batch_rows in (64, 256)
    assert measured.inline_rows >= 1
    assert 0 < measured.row_seconds < 1e-3
    assert (measured.max_waiting_rows, measured.max_wait_seconds) == (99, 10.0)


@pytest.mark.parametrize(("row_seconds", "rows"), [(1e-4, 99), (0.1, 50), (20.0, 1)])
def test_a_queue_is_run_within_half_the_time_limit(row_seconds: float, rows: int) -> None:
    settings = Settings(max_waiting_rows=99, timeout_seconds=10)
    assert policy._max_waiting_rows(row_seconds, settings) == rows


@dataclass
class Slow:
    """Takes so many seconds for each row and each run; `pauses` adds some by the run's number."""

    row_seconds: float
    run_seconds: float = 0.0
    pauses: dict[int, float] = field(default_factory=dict)
    chunk_rows: int = CHUNK_ROWS
    sizes: list[int] = field(default_factory=list)
    samples: Batch = field(default_factory=lambda: Batch({"x": np.arange(3.0)}))

    def predict(self, batch: Batch) -> Batch:
        self.sizes.append(len(batch))
        took = self.run_seconds + self.row_seconds * len(batch)
        until = time.perf_counter() + took + self.pauses.get(len(self.sizes), 0.0)
        while (left := until - time.perf_counter()) > 0:
            time.sleep(left)
        return batch


def test_a_slow_model_is_measured_thrice_and_not_in_batches() -> None:
    """Sixteen rows would take a second."""
    slow = Slow(row_seconds=0.06)
    measured = measure(slow, Settings())
    assert slow.sizes == [1, 1, 1]
    assert (measured.max_batch_rows, measured.inline_rows) == (1, 0)
    assert measured.row_seconds == pytest.approx(0.06, rel=0.5)


@pytest.mark.parametrize("run", [1, 6, 11, 16])
def test_a_machine_that_stands_still_is_no_slow_model(run: int) -> None:
    """The pause covers the first two runs of one batch size."""
    disturbed = Slow(row_seconds=0.0, pauses={run: 0.2, run + 1: 0.2})
    measured = measure(disturbed, Settings())
    assert measured.max_batch_rows in (64, 256)
    assert measured.row_seconds < 1e-3


def test_measuring_stops_at_the_first_size_that_takes_long() -> None:
    """A row takes 4 ms: sixteen at a time are too many to be tried."""
    slow = Slow(row_seconds=0.004)
    measured = measure(slow, Settings())
    assert set(slow.sizes) == {1, 4}
    assert measured.max_batch_rows == 4


def test_a_large_batch_that_cannot_be_fast_enough_is_not_measured() -> None:
    """64 rows take 13 ms, so 256 would take 51, and they must take 10."""
    slow = Slow(row_seconds=0.0002)
    assert measure(slow, Settings()).max_batch_rows == 64
    assert set(slow.sizes) == {1, 4, 16, 64}


def test_no_batch_is_larger_than_a_call_of_the_runtime() -> None:
    small = Slow(row_seconds=0.0, chunk_rows=16)
    assert measure(small, Settings()).max_batch_rows == 16
    assert set(small.sizes) == {1, 4, 16}


def test_a_fast_model_makes_no_short_burst() -> None:
    fast = BatchingPolicy(64, 1, 2048, 5, row_seconds=1e-7)
    assert (fast.run_seconds, fast.full_seconds) == (0.005, 0.1)
    slow = BatchingPolicy(64, 1, 2048, 5, row_seconds=1e-3)
    assert (slow.run_seconds, slow.full_seconds) == (0.064, 2.048)
