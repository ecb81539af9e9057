"""Workers that are killed under load, once and again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.faults import fault
from tests.http.load import load
from tests.repositories import tiny_repository
from tests.server import Server, serve

BACK_SECONDS = 10
CLIENTS = 4


def settings(models: Path, workers: int) -> dict[str, Any]:
    return {
        "ROSENBLATT_MODELS_DIR": str(tiny_repository(models)), "ROSENBLATT_DEFAULT_MODEL": "alpha",
        "ROSENBLATT_WORKERS": str(workers),
    }  # fmt: skip


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether it becomes true within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


def accepting(server: Server) -> int:
    """Workers that have loaded and serve, as the log tells."""
    return server.log.read_text().count("initialized")


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 2])
@fault("killed-worker")
def test_a_worker_is_killed_under_load(tmp_path: Path, workers: int) -> None:
    """Each client has one request at a time, so it loses one at most."""
    with serve(**settings(tmp_path, workers)) as server:
        assert within(60, lambda: accepting(server) == workers)
        with load(server, clients=CLIENTS) as clients:
            assert within(30, lambda: clients.answered > 50)
            killed = server.workers()[0]
            killed.kill()
            answered = clients.answered
            assert within(BACK_SECONDS, lambda: accepting(server) == workers + 1)
            assert within(30, lambda: clients.answered > answered + 50)
            failures = list(clients.failures)
        assert len(clients.failures) == len(failures) <= CLIENTS
        assert all(lost_with_its_connection(failure) for failure in failures), failures
        assert killed.pid not in {worker.pid for worker in server.workers()}
        assert len(server.workers()) == workers
        assert httpx.get(f"{server.url}/readyz").status_code == 200


def lost_with_its_connection(failure: str) -> bool:
    return failure.startswith(("ConnectionResetError", "RemoteDisconnected", "IncompleteRead"))


def readiness(server: Server) -> str:
    """What a probe sees, with a timeout that is shorter than the start of a worker."""
    try:
        return str(httpx.get(f"{server.url}/readyz", timeout=0.5).status_code)
    except httpx.TransportError as error:
        return type(error).__name__


@pytest.mark.thorough
@fault("crash-loop")
def test_each_worker_is_killed_as_soon_as_it_serves(tmp_path: Path) -> None:
    with serve(**settings(tmp_path, 1)) as server:
        started = time.monotonic()
        for _ in range(5):
            assert within(60, lambda: readiness(server) == "200")
            server.worker().kill()
            assert readiness(server) != "200"
        assert psutil.Process(server.pid).wait(30) == 1
        assert time.monotonic() - started < 120
        lines = server.log.read_text().splitlines()
        assert lines[-1] == (
            "rosenblatt ends, for no worker keeps running: they die again and again, 5 in a row "
            "within 10 s of taking connections; worker 1 ended by SIGKILL; the log above may say "
            "why"
        )
