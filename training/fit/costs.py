"""What a graph costs to serve: size, time for a row, memory."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

import onnxruntime as ort

from contract.batch import Batch
from training.fit.verdict import Cost

BATCH = 1_000
_SECONDS = 0.15
_LEAST = 5
# A graph whose first two runs both take longer than this many seconds is not run again.
_SLOW = 1.0
# A batch has no more rows than run in so many microseconds one by one: a network on images may
# take 50 ms for each.
_BATCH_MICROSECONDS = 500_000

# Loads the graph from standard input; prints by how many bytes the process grew.
_LOAD = """
import sys
import onnxruntime as ort
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
graph = sys.stdin.buffer.read()
before = resident()
session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
print(max(0, resident() - before))
"""


def cost_of(graph: bytes, rows: Batch) -> Cost:
    """Measure a graph, on one thread.

    Args:
        rows: at least one, as the graph takes them.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    single = _microseconds(session, rows.slice(0, 1))
    affordable = max(1, int(_BATCH_MICROSECONDS / single))
    many = rows.slice(0, min(BATCH, len(rows), affordable))
    return Cost(
        bytes=len(graph),
        microseconds=single,
        microseconds_batched=_microseconds(session, many) / len(many),
        memory=_memory(graph),
    )


def _microseconds(session: ort.InferenceSession, rows: Batch) -> float:
    """The median time of a run, after a warm one; a slow one is run twice and the faster counts.

    The first run allocates, and the machine may stand still in it.
    """
    feed = dict(rows.arrays)

    def timed() -> float:
        started = time.perf_counter()
        session.run(None, feed)
        return time.perf_counter() - started

    warm = timed()
    if warm > _SLOW and (again := timed()) > _SLOW:
        return 1e6 * min(warm, again)
    took: list[float] = []
    end = time.perf_counter() + _SECONDS
    while len(took) < _LEAST or time.perf_counter() < end:
        took.append(timed())
    return 1e6 * median(took)


def _memory(graph: bytes) -> int:
    """Bytes by which a process grows that loads the graph; 0 where the system does not tell."""
    child = subprocess.run(  # noqa: S603 - fixed arguments
        [sys.executable, "-c", _LOAD], input=graph, capture_output=True, check=False
    )
    return int(child.stdout) if child.returncode == 0 else 0
