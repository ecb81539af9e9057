"""A running contender: its address, CPU time and memory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.serving.contenders import Contender, environment
from benchmarks.serving.requests import Request

STARTUP_SECONDS = 90


@dataclass(frozen=True)
class Running:
    """A contender that serves at `address`; `pid` is its first process."""

    address: str
    pid: int

    def url(self, path: str) -> str:
        """The URL of a path."""
        return self.address + path

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.address.rsplit(":", 1)[1])

    def processes(self) -> list[psutil.Process]:
        """All processes of the contender."""
        first = psutil.Process(self.pid)
        return [first, *first.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """CPU seconds that all its processes have used so far."""
        used = 0.0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                used += times.user + times.system
        return used

    def resident(self) -> int:
        """Resident memory of all its processes in bytes; shared pages count once per process."""
        held = 0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                held += process.memory_info().rss
        return held


@contextmanager
def running(contender: Contender, model: Path) -> Iterator[Running]:
    """Start a contender and wait until it serves; at the end stop it and all its processes.

    Args:
        model: the ONNX file to serve.

    Raises:
        RuntimeError: it did not start; the message holds the end of its log.
    """
    python = contender.python()
    port = _free_port()
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as log:
        command = [str(python), *(part.format(port=port) for part in contender.command)]
        process = subprocess.Popen(
            command, cwd=contender.folder, stdout=log, stderr=log, start_new_session=True,
            env=environment(contender, port, model, Path(home)),
        )  # fmt: skip
        try:
            try:
                _wait(contender, port, process)
            except RuntimeError as error:
                log.seek(0)
                raise RuntimeError(f"{error}:\n{log.read().decode()[-4000:]}") from None
            yield Running(f"http://127.0.0.1:{port}", process.pid)
        finally:
            _stop(process)


def check(server: Running, request: Request) -> None:
    """Send a request once and check its labels, so that no wrong server is measured.

    Raises:
        RuntimeError: the labels are wrong.
    """
    url = server.url(request.path)
    sent = urllib.request.Request(url, request.body, dict(request.headers))
    with urllib.request.urlopen(sent, timeout=30) as response:
        body, headers = response.read(), {k.lower(): v for k, v in response.headers.items()}
    if not request.check(body, headers):
        raise RuntimeError(f"{url} answered wrong labels: {body[:200]!r}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(contender: Contender, port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{contender.name} ended at start")
        if _serves(contender, port):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{contender.name} was not ready in {STARTUP_SECONDS} s")


def _serves(contender: Contender, port: int) -> bool:
    """True if the readiness path returns 200 or, without one, if the port accepts connections."""
    try:
        if contender.ready is None:
            socket.create_connection(("127.0.0.1", port), 2).close()
        else:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{contender.ready}", timeout=2).close()
    except OSError:  # urllib's errors are among them
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate a process, then kill what is left of its session."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for child in family:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    process.wait()
