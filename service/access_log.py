"""One line per request, written by a thread a moment later.

Paths are logged as the route's pattern, and neither query nor body is: what a client sends may be
personal data or a secret.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Event
from typing import NamedTuple

from service.logs import request_id, trace_id
from service.threads import start_daemon

# Longest delay of a line.
_DELAY_SECONDS = 0.1
# Lines that wait while others are written; more are counted and left out. So a reader of standard
# output that stops reading costs no memory.
MOST_WAITING = 10_000
# How long the end of the process waits for lines to be written.
_FLUSH_SECONDS = 1.0

logger = logging.getLogger("rosenblatt.access")
logger.setLevel(logging.INFO)  # the root logger of BentoML lets warnings through alone


class _Line(NamedTuple):
    method: str
    route: str
    status: int
    milliseconds: float
    request_id: str | None
    trace_id: str | None


class AccessLog:
    """Logs requests; `note` must be called on the event loop.

    Args:
        route_of: the pattern of a path's route, or None.

    Raises:
        StartupError: the thread that writes cannot be started.
    """

    def __init__(self, route_of: Callable[[str], str | None]) -> None:
        self._route_of = route_of
        self._waiting: list[_Line] = []
        self._lost = 0
        self._handed: SimpleQueue[tuple[list[_Line], int]] = SimpleQueue()
        self._written = Event()  # all that was handed over
        self._written.set()
        self._loop: asyncio.AbstractEventLoop | None = None
        start_daemon(self._write_on, "access-log")

    def note(self, method: str, path: str, status: int, seconds: float) -> None:
        """Note one request."""
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        route = self._route_of(path) or "-"
        self._waiting.append(
            _Line(
                method[:20], route, status, round(1000 * seconds, 3),
                request_id.get(), trace_id.get(),
            )
        )  # fmt: skip
        self._arm()

    def _arm(self) -> None:
        """Hand over soon; a loop before this one may have ended."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(_DELAY_SECONDS, self._hand_over)

    def _hand_over(self) -> None:
        """Have the thread write what waits, or wait on while it still writes."""
        self._loop = None
        if self._written.is_set():
            self._give()
        else:
            self._arm()  # the queue has no limit of its own

    def _give(self) -> None:
        lines, self._waiting = self._waiting, []
        lost, self._lost = self._lost, 0
        self._written.clear()
        self._handed.put((lines, lost))

    def _write_on(self) -> None:
        while True:
            lines, lost = self._handed.get()
            with suppress(Exception):  # if memory runs out, lose the lines but keep the thread
                _write(lines, lost)
            self._written.set()

    def flush(self) -> None:
        """Write what waits, before the process ends; give it up if nobody reads it."""
        if self._written.wait(_FLUSH_SECONDS):
            self._give()
            self._written.wait(_FLUSH_SECONDS)


def _write(lines: list[_Line], lost: int) -> None:
    for line in lines:
        trace = f" trace={line.trace_id}" if line.trace_id else ""
        logger.info(
            "%s %s %d %.3f ms request=%s%s",
            line.method, line.route, line.status, line.milliseconds, line.request_id, trace,
            extra=line._asdict(),
        )  # fmt: skip
    if lost:
        logger.warning(
            "%d requests are not logged, since %d lines waited while standard output was blocked",
            lost, MOST_WAITING,
        )  # fmt: skip
