"""Thread pools whose threads all run before they are needed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier


def started_pool(threads: int, name: str) -> ThreadPoolExecutor:
    """A pool of so many threads, which run already.

    Python starts a thread when there is work for it and waits until it runs; where no memory is
    left for the thread, it waits for ever, and with it the event loop.

    Args:
        name: the beginning of the threads' names.
    """
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
    all_run = Barrier(threads)
    for each in [pool.submit(all_run.wait) for _ in range(threads)]:
        each.result()
    return pool
