"""How the processes log: lines of text, or one JSON object a line.

The request's id and trace stand in every JSON line that is written while it is answered.
"""

from __future__ import annotations

import logging
import os
import select
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

# Of the request that is being answered: uvicorn answers each in a context of its own.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)

# uvicorn logs each request where its logger has a handler; the service has its own log.
_SILENT = ("uvicorn.access",)


def log_json() -> None:
    """Have every logger of this process write JSON to standard output, whoever set it up before."""
    import structlog  # not needed for text, and the supervisor is to stay small

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _add_request,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # As text: structured tracebacks hold the values of variables, clients' data among them.
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in logging.root.manager.loggerDict:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for name in _SILENT:
        logging.getLogger(name).propagate = False


class UnlockedHandler(logging.Handler):
    """Writes where another handler does, for one thread, without a lock of either.

    While nobody reads what is written, that thread alone waits: not the others, nor the end of the
    process, which takes the locks of all handlers and buffers. In a nearly full pipe a line may
    land within a longer one of another thread.

    Args:
        like: has the stream, the level, the format and the filters.
    """

    def __init__(self, like: logging.StreamHandler[Any]) -> None:
        super().__init__(like.level)
        self.setFormatter(like.formatter)
        self.filters = like.filters
        self._number = like.stream.fileno()

    def createLock(self) -> None:  # noqa: N802
        """Make no lock."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> Any:
        """Filter and write; from Python 3.13 on the standard one needs a lock."""
        kept = self.filter(record)
        if kept:
            self.emit(kept if isinstance(kept, logging.LogRecord) else record)
        return kept

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
            while line:
                line = line[self._write(line) :]
        except Exception:
            self.handleError(record)

    def _write(self, line: bytes) -> int:
        """Write what the stream takes, waiting for it; the number of bytes."""
        while True:
            try:
                return os.write(self._number, line)
            except BlockingIOError:  # whoever started the process had the stream not block
                select.select([], [self._number], [])


def write_apart(logger: logging.Logger) -> None:
    """Have a logger, which one thread alone uses, write where the root logger does, unlocked."""
    handlers = [h for h in logging.getLogger().handlers if isinstance(h, logging.StreamHandler)]
    logger.handlers = [UnlockedHandler(handler) for handler in handlers]
    logger.propagate = False


def _add_request(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the request that is being answered, if there is one."""
    for variable in (request_id, trace_id):
        value = variable.get()
        if value is not None:
            event.setdefault(variable.name, value)
    return event
