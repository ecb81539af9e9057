"""Ten times the load that the server can take, and runs that are longer than the time limit."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks.open_loop import Outcome, open_loop
from tests.faults import fault
from tests.server import Server, serve
from tests.slow_models import slow_model

TIMEOUT = 5.0
BODY: dict[str, Any] = {"instances": np.zeros((1, 28, 28), int).tolist()}
LOAD_SECONDS = 8
HEALTH_SECONDS = 1.0


def settings(models: Path, seconds: float) -> dict[str, Any]:
    return {
        "ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "slow",
        "ROSENBLATT_TIMEOUT_SECONDS": str(seconds),
    }  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It takes tens of rows a second."""
    models = tmp_path_factory.mktemp("models")
    slow_model(models, "slow", 0.02)
    with serve(**settings(models, TIMEOUT)) as found:
        yield found


def predict(server: Server, timeout: float = 30) -> httpx.Response:
    return httpx.post(f"{server.url}/predict", json=BODY, timeout=timeout)


def capacity(server: Server) -> float:
    """Requests per second of a few clients that wait for their answers."""
    started = time.perf_counter()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: predict(server).status_code, range(24)))
    assert set(answers) == {200}
    return len(answers) / (time.perf_counter() - started)


def overload(server: Server, rate: float) -> Outcome:
    """What came of requests at a rate."""
    body = json.dumps(BODY).encode()
    request = (
        b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(body), body)
    )
    port = int(server.url.rpartition(":")[2])
    return open_loop(port, request, lambda body, _: b'"label"' in body, rate, LOAD_SECONDS)


class Watch:
    """Asks for health five times a second, on new connections, and reads the worker's memory."""

    def __init__(self, server: Server) -> None:
        self.answers: Counter[int] = Counter()
        self.slowest = 0.0
        self.memory: list[int] = []
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        worker = self._server.worker()
        while not self._over.wait(0.2):
            for path in ("/livez", "/readyz"):
                started = time.perf_counter()
                status = httpx.get(f"{self._server.url}{path}", timeout=10).status_code
                self.slowest = max(self.slowest, time.perf_counter() - started)
                self.answers[status] += 1
            self.memory.append(worker.memory_info().rss)


@pytest.mark.slow
@fault("overload")
def test_ten_times_the_load(server: Server) -> None:
    most = capacity(server)
    before = server.worker().memory_info().rss
    with Watch(server) as watch:
        outcome = overload(server, 10 * most)
    assert set(outcome.statuses) <= {"200", "429", "503"}, outcome.statuses
    assert outcome.statuses["503"] > outcome.statuses["200"] > 0.3 * most * LOAD_SECONDS
    # From when the request was due until it was answered, with the generator's own delays.
    assert outcome.percentile(100) / 1e3 < TIMEOUT + 1
    assert set(watch.answers) == {200}
    assert watch.slowest < HEALTH_SECONDS
    assert max(watch.memory) - before < 100 * 2**20
    started = time.perf_counter()
    assert predict(server).status_code == 200
    assert time.perf_counter() - started < TIMEOUT


@pytest.mark.thorough
@fault("overload")
def test_a_refusal_says_when_to_try_again(tmp_path: Path) -> None:
    """Of many requests at once most do not fit the queue."""
    slow_model(tmp_path, "slow", 0.1)
    with (
        serve(**settings(tmp_path, TIMEOUT), ROSENBLATT_MAX_WAITING_ROWS="4") as server,
        ThreadPoolExecutor(64) as pool,
    ):
        answers = list(pool.map(lambda _: predict(server), range(192)))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} == {503}
    assert all(answer.headers["retry-after"] == "1" for answer in refused)
    assert all(list(answer.json()) == ["error"] for answer in refused)


def processor_seconds(server: Server) -> float:
    times = server.worker().cpu_times()
    return float(times.user + times.system)


@pytest.mark.thorough
@fault("deadline")
def test_a_run_that_takes_longer_than_the_time_limit(tmp_path: Path) -> None:
    """Its client is told in time; the run goes on, alone, and the model answers again after it."""
    limit = 1.0
    slow_model(tmp_path, "slow", 0.01)
    long = np.zeros((1, 28, 28), int)
    long[:, 0, 0] = 255  # 2.56 s on an idle machine
    with serve(**settings(tmp_path, limit)) as server:
        used, began = processor_seconds(server), time.perf_counter()

        def one(_: int) -> tuple[int, float]:
            started = time.perf_counter()
            found = httpx.post(
                f"{server.url}/predict", json={"instances": long.tolist()}, timeout=30
            )
            return found.status_code, time.perf_counter() - started

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(one, range(6)))
        assert Counter(status for status, _ in answers) == {504: 6}
        assert max(seconds for _, seconds in answers) < limit + HEALTH_SECONDS
        # It begins no run of those that were told already.
        assert until(lambda: predict(server).status_code == 200, 60)
        (statistics,) = httpx.get(f"{server.url}/v2/models/slow/stats").json()["model_stats"]
        assert statistics["execution_count"] <= 3
        # One run at a time, each on one thread, whatever came; and what HTTP takes.
        share = (processor_seconds(server) - used) / (time.perf_counter() - began)
        assert share < 1.5


@pytest.mark.thorough
@fault("deadline")
def test_two_slow_models_at_once_each_tell_their_clients_in_time(tmp_path: Path) -> None:
    """Each model has one run at a time; neither waits for the other's."""
    limit, names = 1.0, ("slow", "other")
    for name in names:
        slow_model(tmp_path, name, 0.01)
    long = np.zeros((1, 28, 28), int)
    long[:, 0, 0] = 255  # 2.56 s on an idle machine
    with serve(**settings(tmp_path, limit)) as server:
        used, began = processor_seconds(server), time.perf_counter()

        def one(name: str) -> tuple[int, float]:
            started = time.perf_counter()
            body = {"model": name, "instances": long.tolist()}
            found = httpx.post(f"{server.url}/predict", json=body, timeout=30)
            return found.status_code, time.perf_counter() - started

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(one, names * 4))
        assert Counter(status for status, _ in answers) == {504: 8}
        assert max(seconds for _, seconds in answers) < limit + HEALTH_SECONDS
        for name in names:
            body = {**BODY, "model": name}
            assert until(
                lambda: httpx.post(f"{server.url}/predict", json=body).status_code == 200,  # noqa: B023
                60,
            )
            url = f"{server.url}/v2/models/{name}/stats"
            assert httpx.get(url).json()["model_stats"][0]["execution_count"] <= 3
        # One run of each model, on one thread each, whatever came.
        share = (processor_seconds(server) - used) / (time.perf_counter() - began)
        assert share < 2.5


def until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False
