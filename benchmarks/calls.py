"""Timed calls of graphs by batch size.

On a busy machine the scheduler interrupts a call that takes longer than its turn of some 3 ms, and
runs something else. Most calls of small batches fit into a turn and have the latency of a free
machine; hardly any of a large batch does, and its median is that of the busy one. So the share of
a core that the calls had is recorded beside their latency.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.devices import Contender
from contract.batch import Batch

# Passes over all batch sizes, so that a busy moment does not hit one size alone.
ROUNDS = 3
# In each pass; the calls of a large batch take seconds.
_FEWEST_CALLS = 1


@dataclass
class Calls:
    """Calls of one contender with one batch size.

    Attributes:
        seconds: of each call.
        cpu_seconds: of the process, in all calls together.
        failed: the first line of the error if the contender cannot run this size.
    """

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    failed: str | None = None

    def prepare(self, one: Contender, batch: Batch) -> None:
        """Make a call that is not timed: it may allocate memory."""
        try:
            one.model.predict(batch)
        except Exception as error:  # ONNX Runtime's exceptions have no common base
            self.failed = str(error).splitlines()[0]

    def add(self, one: Contender, batch: Batch) -> float:
        """Make a call; returns its seconds."""
        used, started = time.process_time(), time.perf_counter()
        one.model.predict(batch)
        self.seconds.append(time.perf_counter() - started)
        self.cpu_seconds += time.process_time() - used
        return self.seconds[-1]

    def row(self, one: Contender, size: int) -> dict[str, Any]:
        """The figures; the share of a core only where the graph runs on the CPU."""
        row: dict[str, Any] = {**one.describe(), "batch": size}
        if self.failed is not None:
            return {**row, "failed": self.failed}
        p50 = statistics.median(self.seconds)
        row |= {"p50_ms": round(p50 * 1e3, 4), "images_per_second": round(size / p50)}
        if one.device == "cpu":
            row["cpu_share"] = round(self.cpu_seconds / sum(self.seconds), 3)
        return row


def measure(
    group: Sequence[Contender], test: Batch | None, sizes: Sequence[int], seconds: float
) -> list[dict[str, Any]]:
    """Median latency and throughput of each contender for each batch size, with real rows.

    If a batch does not fit a worker's memory limit, its row holds the error instead of figures.
    """
    source = group[0].golden.inputs if test is None else test
    found = {size: [Calls() for _ in group] for size in sizes}
    for _ in range(ROUNDS):
        for size, calls in found.items():
            _call(group, calls, different(source, size), seconds / ROUNDS)
    rows = [
        calls.row(one, size)
        for size, each in found.items()
        for one, calls in zip(group, each, strict=True)
    ]
    return sorted(rows, key=lambda row: (row["device"], row["form"]))


def _call(
    group: Sequence[Contender], calls: Sequence[Calls], batches: Iterator[Batch], seconds: float
) -> None:
    """Call the contenders in turn with the same batch: a busy moment affects all of them."""
    for one, found in zip(group, calls, strict=True):
        found.prepare(one, next(batches))
    running = [(o, found) for o, found in zip(group, calls, strict=True) if found.failed is None]
    turns, spent = 0, 0.0
    while running and (turns < _FEWEST_CALLS or spent < seconds * len(running)):
        batch = next(batches)
        spent += sum(found.add(one, batch) for one, found in running)
        turns += 1


def different(source: Batch, size: int) -> Iterator[Batch]:
    """Batches that step through the rows, since trees are faster on repeated inputs."""
    if size >= len(source):
        source = source.take(np.arange(2 * size) % len(source))
    start = 0
    while True:
        yield source.slice(start, start + size)
        start = (start + size) % (len(source) - size)
