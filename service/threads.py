"""Thread pools whose threads all run before they are needed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from service.errors import StartupError


def started_pool(threads: int, name: str) -> ThreadPoolExecutor:
    """A pool of so many threads, which run already.

    Python starts a thread when there is work for it and waits until it runs; where no memory is
    left for the thread, it waits for ever, and with it the event loop.

    Args:
        name: the beginning of the threads' names.

    Raises:
        StartupError: one of the threads cannot be started; the others end with the process.
    """
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
    all_run = Barrier(threads)
    try:
        for each in [pool.submit(all_run.wait) for _ in range(threads)]:
            each.result()
    except BaseException as error:
        all_run.abort()  # those that run would wait for ever, and the end of the process for them
        pool.shutdown(wait=False)
        if isinstance(error, RuntimeError):  # "can't start new thread"
            raise StartupError(
                f"the {threads} thread(s) {name!r} cannot be started ({error}); raise the limit of "
                "memory or of threads"
            ) from error
        raise
    return pool
