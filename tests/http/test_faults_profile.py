"""A file that takes too long to read: its process is killed, and the next file does not wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest

from tests.faults import fault
from tests.profiler.bombs import SLOW
from tests.profiler.files import csv
from tests.repositories import tiny_model
from tests.server import Server, serve

LIMIT_SECONDS = 2.0
TABLE = csv("age,income,approved", *(f"{20 + i % 40},{i * 13 % 97}.5,{i % 2}" for i in range(80)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    models = tmp_path_factory.mktemp("models")
    tiny_model(models, "digits")
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "digits",
        "ROSENBLATT_PROFILE_TIMEOUT_SECONDS": str(LIMIT_SECONDS),
    }  # fmt: skip
    with serve(**settings) as running:
        yield running


def ask(server: Server, file: bytes) -> tuple[httpx.Response, float]:
    """The answer, and the seconds until it came."""
    with server.client() as client:
        started = time.perf_counter()
        answer = client.post("/recommend/profile", files={"file": file})
        return answer, time.perf_counter() - started


def readers(server: Server) -> set[int]:
    """The processes that read files, waiting ones among them."""
    return {child.pid for child in server.worker().children()}


@fault("late-profile")
@pytest.mark.parametrize("file", SLOW)
def test_its_process_is_killed_and_the_next_file_is_read_at_once(server: Server, file: str) -> None:
    usual, seconds = ask(server, TABLE)
    assert usual.status_code == 200
    before = readers(server)
    late, took = ask(server, SLOW[file]())
    assert late.status_code == 504
    assert f"more than {LIMIT_SECONDS:g} s to read" in late.json()["error"]
    assert LIMIT_SECONDS <= took < LIMIT_SECONDS + 5
    assert not any(psutil.pid_exists(pid) and _runs(pid) for pid in before)
    after, again = ask(server, TABLE)
    assert after.status_code == 200
    assert again < seconds + 3  # a new process has to start, which takes half a second


@fault("late-profile")
def test_a_file_that_waits_for_a_late_one_is_read_when_that_is_killed(server: Server) -> None:
    slow, table = SLOW["texts"](), TABLE
    with ThreadPoolExecutor(2) as pool:
        late = pool.submit(ask, server, slow)
        time.sleep(0.3)
        waits = pool.submit(ask, server, table)
        with server.client() as client:
            assert client.get("/readyz").elapsed.total_seconds() < 1
        assert late.result()[0].status_code == 504
        answer, seconds = waits.result()
    assert answer.status_code == 200
    assert seconds < LIMIT_SECONDS + 5


def _runs(pid: int) -> bool:
    """True if a process uses the CPU, as one that reads does."""
    try:
        return psutil.Process(pid).cpu_percent(0.2) > 50
    except psutil.NoSuchProcess:
        return False
