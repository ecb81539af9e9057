"""Threads that run before they are needed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

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
        all_run.abort()  # else the started threads wait for ever, and so does the process's exit
        pool.shutdown(wait=False)
        if isinstance(error, RuntimeError):  # "can't start new thread"
            raise _not_started(threads, name, error) from error
        raise
    return pool


def start_daemon(work: Callable[[], None], name: str) -> None:
    """Start a thread that the end of the process does not wait for.

    Raises:
        StartupError: it cannot be started.
    """
    try:
        Thread(target=work, name=name, daemon=True).start()
    except RuntimeError as error:
        raise _not_started(1, name, error) from error


def _not_started(threads: int, name: str, error: RuntimeError) -> StartupError:
    what = "thread" if threads == 1 else f"{threads} threads"
    return StartupError(
        f"cannot start the {what} of {name!r} ({error}); raise the limit of memory or of threads"
    )
