"""The supervisor as a process: its port, its signals, its exit status."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys

from service.logs import log_json
from service.supervisor.listener import ListenError, listen
from service.supervisor.process import WorkerError
from service.supervisor.supervisor import Supervisor

_FORMAT = "%(asctime)s [%(levelname)s] [supervisor] %(message)s"


def run(host: str, port: int) -> int:
    """Serve until a signal says stop; the exit status.

    SIGTERM and SIGINT serve on for the drain pause and then stop after what is being answered. Each
    further one skips what is waited for: first the pause, then the answers. SIGHUP loads the model
    repository anew.
    """
    _configure_logging()
    try:
        asyncio.run(_serve(listen(host, port)))
    except ListenError as error:
        return _fail(f"rosenblatt cannot start: {error}")
    except WorkerError as error:
        return _fail(str(error))
    return 0


def _configure_logging() -> None:
    if os.environ.get("ROSENBLATT_LOG_FORMAT") == "json":
        log_json()
        return
    logging.basicConfig(
        format=_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S%z", level=logging.INFO, stream=sys.stdout
    )


async def _serve(listener: socket.socket) -> None:
    supervisor = Supervisor(listener)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    loop.add_signal_handler(signal.SIGHUP, supervisor.reload)
    await supervisor.serve()


def _fail(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 1
