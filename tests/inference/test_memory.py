"""A loaded model keeps little more than its runtime needs."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import numpy as np
import onnxruntime as ort
import psutil
import pytest

from contract.repository import entries
from service.inference import memory
from service.inference.session import load
from service.settings import Settings
from tests.conftest import MODELS, ROOT
from tests.repositories import tiny_graph

BLOCK = 16 * 1024
BLOCKS = 4_096

# Resident memory of one model: before it is loaded, after, and at most in between.
LOAD = """
from pathlib import Path
import psutil
from contract.repository import entries
from service.inference.session import load
from service.settings import Settings
entry, = (e for e in entries(Path("models")) if e.name == "digits-random-forest")
settings = Settings(provider="cpu")
before = psutil.Process().memory_info().rss
session = load(entry, settings)
after = psutil.Process().memory_info().rss
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(before, after, int(status["VmHWM"].split()[0]) * 1024)
"""

# The same of one explanation, whose graph has the forest's trees with other leaves.
EXPLAIN = """
from pathlib import Path
import numpy as np
import psutil
from contract.explanations import TARGET, VALUE
from contract.repository import audit, entries
from service.explain.graphs import GraphMethod
from service.settings import Settings
entry, = (e for e in entries(Path("models")) if e.name == "digits-random-forest")
settings = Settings(provider="cpu")
artifact = audit(entry)
record, = (r for r in artifact.manifest.explanations if r.method == "path")
method = GraphMethod(entry, artifact.manifest, record, settings)
row = {"images": artifact.golden.inputs["images"][:1], TARGET: np.zeros(1, np.int64)}
before = psutil.Process().memory_info().rss
method._graph.run([VALUE], row)
after = psutil.Process().memory_info().rss
print(before, after)
"""

needs_glibc = pytest.mark.skipif(not memory.trim(), reason="the C library cannot trim")


CPU = Settings(provider="cpu")


def resident() -> int:
    return int(psutil.Process().memory_info().rss)


@needs_glibc
def test_freed_memory_returns_to_the_system() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    blocks = [libc.malloc(BLOCK) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK)
    for block in blocks[:-1]:  # the last one keeps the C library from shrinking the heap itself
        libc.free(block)
    freed = resident()
    assert memory.trim()
    assert freed - resident() > 0.9 * BLOCK * BLOCKS
    libc.free(blocks[-1])


def test_a_session_without_its_graph_runs_and_keeps_no_copy() -> None:
    graph = tiny_graph(seed=1).SerializeToString()
    references = sys.getrefcount(graph)
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    session.disable_fallback()
    assert sys.getrefcount(graph) > references
    memory.forget_graph(session)
    assert sys.getrefcount(graph) == references
    (given,) = session.get_inputs()
    images = np.zeros([2, *given.shape[1:]], np.uint8)
    assert len(session.run(None, {given.name: images})[0]) == 2


@needs_glibc
def test_buffers_of_a_large_run_are_released() -> None:
    """The network needs 30 MB for 256 images, and 1 MB for one."""
    session = load(next(e for e in entries(MODELS) if e.name == "digits-cnn"), CPU)
    small = session.samples.slice(0, 1)
    expected = session.predict(small)
    session.predict(session.samples.take(np.zeros(256, np.int64)))
    most = resident()
    session.release_buffers()
    assert most - resident() > 15e6
    np.testing.assert_array_equal(
        session.predict(small)["probabilities"], expected["probabilities"]
    )


@needs_glibc
def test_the_forest_takes_little_memory_when_loaded_and_while_loading() -> None:
    """690,059 branches: 24 bytes for each node of ONNX Runtime's, and the graph it keeps."""
    run = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, after, most = map(int, run.stdout.split())
    assert after - before < 110e6
    assert most - before < 220e6


@needs_glibc
def test_a_graph_that_explains_takes_little_memory_once_it_is_loaded() -> None:
    run = subprocess.run(
        [sys.executable, "-c", EXPLAIN], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, after = map(int, run.stdout.split())
    assert after - before < 130e6
