"""A sampled log of requests with their answers, off by default and bounded (docs/drift.md).

files.py     a ring of private files in one folder
log.py       a thread that writes lines, fed through a bounded queue
line.py      a request and its answer as one line of JSON
watcher.py   chooses requests of one version
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from service.inference import provider
from service.request_log.files import check_folder, files_for
from service.request_log.log import OUTCOMES, RequestLog
from service.request_log.watcher import RequestLogWatcher
from service.serving.served import Served
from service.settings import Settings

__all__ = ["OUTCOMES", "check_folder", "log_requests"]


def log_requests(
    settings: Settings, versions: Iterable[Served], counted: Callable[[str, int], None]
) -> RequestLog | None:
    """Log requests to these versions, if the settings name a folder.

    Args:
        counted: called with an outcome and a number of requests, from any thread.
    """
    if settings.request_log_dir is None:
        return None
    log = RequestLog(
        settings.request_log_dir,
        settings.request_log_max_bytes,
        counted,
        files_for(provider.workers(settings)),
    )
    for served in versions:
        served.watch(RequestLogWatcher(served, log, settings))
    return log
