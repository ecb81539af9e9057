"""One running contender: its address, its CPU time, its memory."""

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
from benchmarks.serving.questions import Question

STARTUP_SECONDS = 90


@dataclass(frozen=True)
class Running:
    """A contender that answers at `address`, of which `pid` is the first process."""

    address: str
    pid: int

    def url(self, path: str) -> str:
        """The whole address of a path."""
        return self.address + path

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.address.rsplit(":", 1)[1])

    def processes(self) -> list[psutil.Process]:
        """All its processes."""
        first = psutil.Process(self.pid)
        return [first, *first.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """What all its processes have used so far."""
        used = 0.0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                used += times.user + times.system
        return used

    def resident(self) -> int:
        """Bytes of memory of all its processes, shared pages counted in each."""
        held = 0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                held += process.memory_info().rss
        return held


@contextmanager
def running(contender: Contender, model: Path) -> Iterator[Running]:
    """Start a contender, wait until it serves, stop it and all that it started."""
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


def ask(server: Running, question: Question) -> None:
    """One question whose answer must be right: a fast wrong answer is no result."""
    request = urllib.request.Request(
        server.url(question.path), question.body, dict(question.headers)
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        body, headers = answer.read(), {k.lower(): v for k, v in answer.headers.items()}
    if not question.right(body, headers):
        raise RuntimeError(f"{server.url(question.path)} answered wrong labels: {body[:200]!r}")


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
    """Whether its readiness route answers 200; without one, whether it accepts connections."""
    try:
        if contender.ready is None:
            socket.create_connection(("127.0.0.1", port), 2).close()
        else:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{contender.ready}", timeout=2).close()
    except OSError:  # urllib's errors are among them
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; end what is left of its session."""
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
