"""Settings against each other and against what the machine grants."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

from service.cores import cores
from service.doctor import memory
from service.doctor.check import Check
from service.inference import provider
from service.metric_files import WORKER_BYTES
from service.settings import Settings, open_files

# What one worker takes, measured with the committed models (docs/operations.md).
_WORKER_BYTES = 300 * 2**20


def checks(settings: Settings) -> Iterator[Check]:
    """Every check of limits."""
    yield _settings(settings)
    yield _workers(settings)
    yield _memory(settings)
    yield _open_files(settings)
    yield _temporary_files(provider.workers(settings))


def _settings(settings: Settings) -> Check:
    if settings.max_rows > settings.max_waiting_rows:
        return Check(
            "fail", "limits", f"ROSENBLATT_MAX_ROWS is {settings.max_rows} and "
            f"ROSENBLATT_MAX_WAITING_ROWS {settings.max_waiting_rows}: a request between them is "
            "always turned away; raise the second",
        )  # fmt: skip
    return Check("ok", "limits", "no setting contradicts another")


def _workers(settings: Settings) -> Check:
    workers, granted = provider.workers(settings), cores()
    detail = f"{workers} of {settings.intra_op_threads} thread(s), on {granted} core(s)"
    if workers * settings.intra_op_threads > granted:
        return Check(
            "note", "workers", f"{detail}: they take turns; lower ROSENBLATT_WORKERS or "
            "ROSENBLATT_INTRA_OP_THREADS",
        )  # fmt: skip
    return Check("ok", "workers", detail)


def _memory(settings: Settings) -> Check:
    needed, free = provider.workers(settings) * _WORKER_BYTES, memory.available()
    if free is None:
        return Check("note", "memory", "this system does not say how much is free")
    detail = f"{free / 2**20:,.0f} MiB free; the workers need about {needed / 2**20:,.0f}"
    if free < needed:
        return Check(
            "fail", "memory", f"{detail}; lower ROSENBLATT_WORKERS or raise the memory limit"
        )
    return Check("ok", "memory", detail)


def _open_files(settings: Settings) -> Check:
    try:
        import resource
    except ImportError:  # Windows
        return Check("note", "open files", "this system does not say how many are allowed")
    needed = open_files(settings)
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)  # a worker raises its own soft limit
    detail = f"{allowed} allowed at most; a worker may need {needed}"
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        return Check(
            "fail", "open files", f"{detail}: raise the hard limit with `ulimit -Hn {needed}`, or "
            "lower ROSENBLATT_MAX_CONNECTIONS",
        )  # fmt: skip
    return Check("ok", "open files", detail)


def _temporary_files(workers: int) -> Check:
    """Whether the workers' counts have room.

    Python takes another folder without a word if TMPDIR cannot be used.
    """
    chosen = os.environ.get("TMPDIR")
    try:
        folder = tempfile.gettempdir()
        with tempfile.TemporaryFile(dir=chosen or folder):
            pass
        free = shutil.disk_usage(chosen or folder).free
    except OSError as error:
        where = f"TMPDIR, {chosen}," if chosen else "the folder of temporary files"
        return Check(
            "fail", "temporary files", f"{where} cannot be written to ({error.strerror or error}); "
            "set TMPDIR to a folder that can, in a container to a tmpfs",
        )  # fmt: skip
    needed = workers * WORKER_BYTES
    if free < needed:
        return Check(
            "fail", "temporary files", f"{free / 2**20:.1f} MiB are free in {chosen or folder} and "
            f"the counts of {workers} worker(s) need {needed / 2**20:.1f}; free some or set TMPDIR",
        )  # fmt: skip
    return Check("ok", "temporary files", f"{chosen or folder} can be written to")
