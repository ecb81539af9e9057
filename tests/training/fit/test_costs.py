"""What a graph costs to serve is measured, whatever the machine does in the first run."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from contract.batch import Batch
from training.fit import costs

ROWS = Batch({"x": np.zeros((2, 1), np.float32)})


class Session:
    """Takes as many seconds for each run as it was told, and the last ones for all that follow."""

    def __init__(self, *seconds: float) -> None:
        self.seconds = list(seconds)
        self.runs = 0

    def run(self, names: None, feed: Any) -> list[Any]:
        time.sleep(self.seconds[min(self.runs, len(self.seconds) - 1)])
        self.runs += 1
        return []


@pytest.fixture(autouse=True)
def soon_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "_SLOW", 0.1)


def microseconds(session: Session) -> float:
    return costs._microseconds(session, ROWS)


def test_a_pause_in_the_first_run_is_no_cost() -> None:
    assert microseconds(Session(0.3, 0.001)) < 50_000


def test_a_slow_graph_is_run_twice() -> None:
    slow = Session(0.3, 0.2)
    assert 200_000 <= microseconds(slow) < 300_000
    assert slow.runs == 2
