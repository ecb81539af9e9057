"""A real server: our own supervisor, or `bentoml serve`."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
STARTUP_SECONDS = 60
# The system gives none of these to a socket that asks for any port.
PORTS = range(10_000, 32_768)


@dataclass(frozen=True)
class Server:
    """A running service. `cold_start` is from process start to the first answer of /readyz."""

    url: str
    pid: int
    cold_start: float
    log: Path

    def client(self) -> httpx.Client:
        """A new client of this server."""
        return httpx.Client(base_url=self.url, timeout=30)

    def workers(self) -> list[psutil.Process]:
        """The processes that answer, as opposed to the supervisor."""
        found = []
        for child in psutil.Process(self.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # or a zombie
                if any("worker" in part for part in child.cmdline()):
                    found.append(child)
        return found

    def counts(self) -> Path:
        """The folder of files in which the workers count."""
        (folder,) = self.log.parent.glob("rosenblatt-*")
        return folder / "statistics"

    def worker(self) -> psutil.Process:
        """The one process that answers."""
        (worker,) = self.workers()
        return worker


def free_port() -> int:
    """A port that was free a moment ago, and that no other test worker is given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        port = secrets.choice(PORTS[worker::workers])
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def serve(
    target: str | None = None,
    cwd: Path = ROOT,
    ready_status: tuple[int, ...] = (200,),
    python: str = sys.executable,
    prefix: Sequence[str] = (),
    **settings: str,
) -> Iterator[Server]:
    """Start the service on a free port with these environment variables; stop it after.

    One worker, unless they say otherwise, whatever the machine. `prefix` stands before the command.
    With a `target`, and options after it, `bentoml serve` serves it.
    """
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "COVERAGE_"))}
    with tempfile.TemporaryDirectory() as folder:
        # The workers keep their counts below these; with `bentoml serve` two servers of one home
        # would lose each other's.
        own = {"BENTOML_HOME": folder, "TMPDIR": folder, "ROSENBLATT_WORKERS": "1"}
        environment |= own | settings
        log = Path(folder) / "log"
        module = ["service.serve"] if target is None else ["bentoml", "serve", *target.split()]
        started = time.perf_counter()
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [*prefix, python, "-m", *module, "--host", "127.0.0.1", "--port", str(port)],
                cwd=cwd, env=environment, stdout=sink, stderr=subprocess.STDOUT,
            )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url, process, log, ready_status)
            yield Server(url, process.pid, time.perf_counter() - started, log)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                process.kill()
                process.wait()


def _wait(
    url: str, process: subprocess.Popen[bytes], log: Path, ready_status: tuple[int, ...]
) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the service ended at start:\n{log.read_text()}")
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code in ready_status:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"the service was not ready in {STARTUP_SECONDS} s:\n{log.read_text()}")
