"""Counts since the start and of the last hour, over workers that live or died."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from service.drift.windows import BUCKET_SECONDS, BUCKETS, Windows, size_of
from service.protocol.counters import Counters

HOUR = BUCKETS * BUCKET_SECONDS
ROW = np.array([1, 10], np.int64)


class Clock:
    """Seconds that a test sets; they begin within a bucket."""

    now = 7 * HOUR + 120.0

    def __call__(self) -> float:
        return self.now


def windows(clock: Clock, folder: Path | None = None, worker: str = "1") -> Windows:
    return Windows(Counters(size_of(2), folder, worker), 2, clock)


def test_nothing_is_counted_at_first() -> None:
    found = windows(Clock())
    for window in (found.recent(), found.since_start()):
        assert window.counted.tolist() == [0, 0]
        assert window.seconds == 0


def test_what_is_older_than_an_hour_is_forgotten_but_in_the_whole() -> None:
    clock = Clock()
    found = windows(clock)
    for _ in range(3 * BUCKETS):
        found.add(ROW)
        clock.now += BUCKET_SECONDS
    clock.now -= BUCKET_SECONDS
    assert found.since_start().counted.tolist() == [36, 360]
    assert found.since_start().seconds == 35 * BUCKET_SECONDS
    assert found.recent().counted.tolist() == [12, 120]
    assert found.recent().seconds == HOUR - BUCKET_SECONDS + 120
    clock.now += 10 * BUCKET_SECONDS
    assert found.recent().counted.tolist() == [2, 20]
    clock.now += HOUR
    assert found.recent().counted.tolist() == [0, 0]
    found.add(ROW)
    assert found.recent().counted.tolist() == [1, 10]
    assert found.since_start().counted.tolist() == [37, 370]


def test_a_bucket_of_an_earlier_round_starts_anew() -> None:
    clock = Clock()
    found = windows(clock)
    found.add(ROW)
    clock.now += HOUR
    found.add(2 * ROW)
    assert found.recent().counted.tolist() == [2, 20]


def test_workers_add_up_and_a_dead_one_is_continued(tmp_path: Path) -> None:
    clock = Clock()
    first, second = windows(clock, tmp_path, "1"), windows(clock, tmp_path, "2")
    first.add(ROW)
    second.add(2 * ROW)
    del second
    assert first.recent().counted.tolist() == [3, 30]
    again = windows(clock, tmp_path, "2")
    again.add(ROW)
    for found in (first, again):
        assert found.recent().counted.tolist() == [4, 40]
        assert found.since_start().counted.tolist() == [4, 40]
