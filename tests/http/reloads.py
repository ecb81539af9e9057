"""A server whose models are loaded anew, in a worker that takes the place of another."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.server import Server, serve


def until(true: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def served(models: Path, workers: int = 1, **settings: str) -> Any:
    """A server of a repository whose default is `alpha`."""
    own = {"ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "alpha"}
    own |= {"ROSENBLATT_PROVIDER": "cpu", "ROSENBLATT_WORKERS": str(workers)}
    whole: dict[str, Any] = own | settings
    return serve(**whole)


def reload(server: Server, client: httpx.Client) -> None:
    """Load the repository anew in the one worker."""
    before = server.worker().pid
    answer = client.post("/v2/repository/models/alpha/load", timeout=120)
    assert answer.status_code == 200, answer.text
    until(lambda: [worker.pid for worker in server.workers()] not in ([], [before]))
    until(lambda: len(server.workers()) == 1)
