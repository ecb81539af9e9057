"""Threads that run before they are needed, or a process that says why it cannot have them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from service.threads import started_pool

# The first thread's stack fits the limit, the second's does not.
TOO_MANY = """
import resource, threading
import service.threads

threading.stack_size(2**30)
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
most = used + 3 * 2**29
resource.setrlimit(resource.RLIMIT_AS, (most, most))
service.threads.started_pool(4, "decode")
"""


def test_all_threads_run() -> None:
    pool = started_pool(3, "test")
    assert len(pool._threads) == 3
    assert pool.submit(int, "7").result() == 7
    pool.shutdown()


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space")
def test_a_thread_that_cannot_be_started_ends_the_process() -> None:
    """Those that run already would keep it alive for ever."""
    done = subprocess.run(
        [sys.executable, "-c", TOO_MANY], text=True, capture_output=True, timeout=30
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "service.errors.StartupError: cannot start the 4 threads of 'decode' (can't start new "
        "thread); raise the limit of memory or of threads"
    )
