"""SIGTERM under load: readiness turns first, and nothing that was accepted is lost."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
import yaml

from tests.conftest import ROOT
from tests.faults import fault
from tests.http.raw import RawClient
from tests.repositories import tiny_repository
from tests.server import Server, serve

DRAIN_SECONDS = 3
BODY = json.dumps({"instances": np.zeros((1, 28, 28), int).tolist()})
HALF = (
    b"POST /recommend HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"content-length: 27\r\n\r\n{"
)
OTHER_HALF = b'"modalities": ["tabular"]}'
DEPLOYMENT = ROOT / "deploy" / "kubernetes" / "base" / "deployment.yaml"
GET = b"GET %s HTTP/1.1\r\nhost: localhost\r\n\r\n"


def settings(models: Path, drain: float, workers: int = 2) -> dict[str, Any]:
    return {
        "ROSENBLATT_MODELS_DIR": str(tiny_repository(models)), "ROSENBLATT_DEFAULT_MODEL": "alpha",
        "ROSENBLATT_WORKERS": str(workers), "ROSENBLATT_DRAIN_SECONDS": str(drain),
    }  # fmt: skip


class Clients:
    """Ask without a pause until the port refuses them; half on connections that are kept.

    Attributes:
        outcomes: `200`, or the error of a request whose connection was made.
    """

    def __init__(self, server: Server, number: int) -> None:
        self.outcomes: Counter[str] = Counter()
        self._address = server.url.removeprefix("http://")
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._ask, args=(i % 2 == 0,)) for i in range(number)
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until the port is closed for all of them."""
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _ask(self, keep: bool) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        while True:
            if connection.sock is None:
                try:
                    connection.connect()
                except ConnectionRefusedError:
                    return
            outcome = self._one(connection)
            with self._lock:
                self.outcomes[outcome] += 1
            if not keep or outcome != "200":
                connection.close()

    def _one(self, connection: http.client.HTTPConnection) -> str:
        try:
            connection.request("POST", "/predict", BODY, {"content-type": "application/json"})
            with connection.getresponse() as answer:
                answer.read()
                return str(answer.status)
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"


@pytest.mark.thorough
@pytest.mark.parametrize("drain", [0, DRAIN_SECONDS])
@fault("sigterm")
def test_nothing_that_was_accepted_is_lost(tmp_path: Path, drain: int) -> None:
    with serve(**settings(tmp_path, drain)) as server:
        clients = Clients(server, 6)
        time.sleep(1)
        told = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        clients.join()
        assert psutil.Process(server.pid).wait(30) == 0
        assert drain <= time.monotonic() - told < drain + 15
    assert set(clients.outcomes) == {"200"}, clients.outcomes
    assert clients.outcomes["200"] > 50


@pytest.mark.thorough
@fault("sigterm")
def test_readiness_turns_while_all_else_is_answered(tmp_path: Path) -> None:
    with serve(**settings(tmp_path, DRAIN_SECONDS)) as server:
        os.kill(server.pid, signal.SIGTERM)
        told = time.monotonic()
        while (ready := httpx.get(f"{server.url}/readyz")).status_code == 200:
            assert time.monotonic() - told < 1
        assert ready.status_code == 503
        assert ready.json()["state"] == "draining"
        assert ready.json()["error"] == "the server is about to stop; send requests to another"
        assert httpx.get(f"{server.url}/v2/health/ready").status_code == 503
        assert httpx.get(f"{server.url}/livez").status_code == 200
        found = httpx.post(f"{server.url}/predict", content=BODY,
                           headers={"content-type": "application/json"})  # fmt: skip
        assert found.status_code == 200
        assert found.headers["connection"] == "close"
        assert psutil.Process(server.pid).wait(30) == 0
        assert time.monotonic() - told >= DRAIN_SECONDS


@fault("sigterm")
def test_a_request_on_a_connection_that_was_idle_is_answered(tmp_path: Path) -> None:
    """As one that was on its way when the server stopped."""
    with serve(**settings(tmp_path, 0)) as server, RawClient(server) as idle:
        idle.send(GET % b"/livez")
        assert idle.answer().status == 200
        os.kill(server.pid, signal.SIGTERM)
        time.sleep(0.4)
        idle.send(GET % b"/livez")
        last = idle.answer()
        assert (last.status, last.closes) == (200, True)
        assert idle.ends()
        assert psutil.Process(server.pid).wait(30) == 0


@fault("sigterm")
def test_two_signals_at_once_skip_the_pause_alone(tmp_path: Path) -> None:
    """As of a terminal and of what started the server; the second comes before the pause begins."""
    with serve(**settings(tmp_path, 60, workers=1)) as server, RawClient(server) as slow:
        slow.send(HALF)
        time.sleep(0.2)
        os.kill(server.pid, signal.SIGTERM)
        os.kill(server.pid, signal.SIGINT)
        told = time.monotonic()
        time.sleep(0.5)
        slow.send(OTHER_HALF)
        assert slow.answer().status == 200
        assert psutil.Process(server.pid).wait(30) == 0
        assert time.monotonic() - told < 15


@pytest.mark.thorough
@fault("sigterm")
def test_a_pod_is_ended_without_a_lost_request(tmp_path: Path) -> None:
    """With the pause, the drain, the probe and the grace of the manifest, under load.

    The kubelet runs preStop, then sends SIGTERM, and kills what is left when the grace is over;
    meanwhile the pod is taken out of the Service.
    """
    pod = yaml.safe_load(DEPLOYMENT.read_text())["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    variables = {each["name"]: each.get("value") for each in container["env"]}
    drain = float(variables["ROSENBLATT_DRAIN_SECONDS"])
    workers = int(variables["ROSENBLATT_WORKERS"])
    with serve(**settings(tmp_path, drain, workers)) as server:
        clients = Clients(server, 6)
        began = time.monotonic()
        subprocess.run(container["lifecycle"]["preStop"]["exec"]["command"], check=True)
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        answered = clients.outcomes["200"]
        os.kill(server.pid, signal.SIGTERM)
        assert fails_probe(server, container["readinessProbe"])
        clients.join()
        left = pod["terminationGracePeriodSeconds"] - (time.monotonic() - began)
        assert psutil.Process(server.pid).wait(left) == 0
    assert set(clients.outcomes) == {"200"}, clients.outcomes
    assert clients.outcomes["200"] > answered > 50


def fails_probe(server: Server, probe: dict[str, Any]) -> bool:
    """True if it answers 503 as often in a row as the probe takes to find it not ready."""
    failed = 0
    while failed < probe["failureThreshold"]:
        time.sleep(probe["periodSeconds"])
        try:
            found = httpx.get(f"{server.url}{probe['httpGet']['path']}", timeout=2)
        except httpx.TransportError:  # the port is closed before the pod is found not ready
            return False
        failed = failed + 1 if found.status_code == 503 else 0
    return True


@fault("sigterm")
def test_a_second_signal_skips_the_pause(tmp_path: Path) -> None:
    with serve(**settings(tmp_path, 60, workers=1)) as server, RawClient(server) as slow:
        slow.send(HALF)
        os.kill(server.pid, signal.SIGTERM)
        while httpx.get(f"{server.url}/readyz").status_code == 200:
            time.sleep(0.01)
        told = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        slow.send(OTHER_HALF)
        assert slow.answer().status == 200
        assert psutil.Process(server.pid).wait(30) == 0
        assert time.monotonic() - told < 15


def test_without_a_pause_a_second_signal_skips_the_answers(tmp_path: Path) -> None:
    with serve(**settings(tmp_path, 0, workers=1)) as server, RawClient(server) as slow:
        slow.send(HALF)
        time.sleep(0.2)  # nothing tells when the worker has read it
        os.kill(server.pid, signal.SIGTERM)
        time.sleep(0.5)
        os.kill(server.pid, signal.SIGTERM)
        assert psutil.Process(server.pid).wait(5) == 0
        assert slow.ends()
