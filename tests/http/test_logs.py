"""What a server logs: one line per request where it is wanted, and nothing that a client sent."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults import fault
from tests.http.raw import RawClient
from tests.repositories import tiny_repository
from tests.server import Server, serve

LIVE = b"GET /v2/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"  # the example of the W3C's recommendation
PIXELS = [[[(17 * x + 29 * y) % 251 for x in range(28)] for y in range(28)]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_repository(tmp_path_factory.mktemp("logs") / "models")


def logging_server(models: Path, **settings: Any) -> Any:
    wanted: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(models),
        "ROSENBLATT_DEFAULT_MODEL": "alpha",
        "ROSENBLATT_ACCESS_LOG": "true",
        **settings,
    }
    return serve(**wanted)


def lines(server: Server, count: int) -> list[str]:
    """The lines of requests, once there are so many; they are written a moment later."""
    until = time.monotonic() + 10
    while True:
        found = [line for line in server.log.read_text().splitlines() if " request=" in line]
        if len(found) >= count or time.monotonic() > until:
            return found
        time.sleep(0.05)


def talk(server: Server) -> Iterator[httpx.Response]:
    with server.client() as client:
        yield client.post(
            "/predict",
            json={"instances": PIXELS},
            headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "x-request-id": "mine"},
        )
        yield client.post("/predict", json={"model": "my secret", "instances": PIXELS})
        yield client.get("/models/another%20secret?token=third-secret")
        yield client.get("/nowhere/fourth-secret%0A5")
        yield client.post("/predict", json={"instances": ["a fifth secret"]})


@fault("secrets")
def test_json_lines_name_the_request_and_hold_nothing_of_it(models: Path) -> None:
    with logging_server(models, ROSENBLATT_LOG_FORMAT="json") as server:
        answers = list(talk(server))
        text = "\n".join(lines(server, len(answers) + 1))
        whole = server.log.read_text()
    for line in whole.splitlines():
        assert set(json.loads(line)) >= {"message", "level", "logger", "timestamp"}
    found = [line for line in map(json.loads, text.splitlines()) if line["route"] != "/readyz"]
    assert [(line["method"], line["route"], line["status"]) for line in found] == [
        ("POST", "/predict", 200),
        ("POST", "/predict", 404),
        ("GET", "/models/{name}", 404),
        ("GET", "-", 404),
        ("POST", "/predict", 422),
    ]
    assert [line["request_id"] for line in found] == [a.headers["x-request-id"] for a in answers]
    assert (found[0]["request_id"], found[0]["trace_id"]) == ("mine", TRACE)
    assert all(0 < line["milliseconds"] < 60_000 for line in found)
    assert "secret" not in whole
    assert not re.search(r"(\d+, ?){5}", whole)  # pixels


@fault("secrets")
def test_lines_of_text_hold_the_same(models: Path) -> None:
    with logging_server(models) as server:
        answers = list(talk(server))
        found = lines(server, len(answers) + 1)
        whole = server.log.read_text()
    (line,) = (line for line in found if "/models/{name} 404" in line)
    assert f"request={answers[2].headers['x-request-id']}" in line
    assert f"trace={TRACE}" in "".join(found)
    assert "secret" not in whole


def test_a_pipelined_request_has_no_trace_of_the_one_before_it(models: Path) -> None:
    """It begins while the other ends, on the same connection."""
    traced = f"traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n".encode()
    head = b"GET /models HTTP/1.1\r\nhost: localhost\r\n"
    with logging_server(models) as server, RawClient(server) as client:
        client.send(head + traced + b"x-request-id: first\r\n\r\n" + head + b"\r\n")
        assert [client.answer().status for _ in range(2)] == [200, 200]
        first, second = (line for line in lines(server, 3) if "/models" in line)
    assert f"request=first trace={TRACE}" in first
    assert "trace=" not in second
    assert "request=first" not in second


@fault("no-resources")
@pytest.mark.parametrize("form", ["text", "json"])
def test_requests_are_answered_while_nobody_reads_standard_output(
    models: Path, tmp_path: Path, form: str
) -> None:
    """It is full long before the last request."""
    pipe, requests = tmp_path / "pipe", 20_000
    os.mkfifo(pipe)
    unread = os.open(pipe, os.O_RDWR)
    prefix = ("sh", "-c", f'exec "$@" >{pipe}', "sh")
    with logging_server(models, prefix=prefix, ROSENBLATT_LOG_FORMAT=form) as server:
        with RawClient(server) as client:
            sender = threading.Thread(target=client.send, args=(LIVE * requests,))
            sender.start()
            assert {client.answer().status for _ in range(requests)} == {200}
            sender.join()
        time.sleep(0.3)  # longer than lines wait before they are written
        answer = httpx.post(f"{server.url}/predict", json={"instances": PIXELS}, timeout=5)
        assert answer.status_code == 200
        # The worker logs at its end, and waits until that is written.
        threading.Thread(target=read_on, args=(unread,), daemon=True).start()


def read_on(pipe: int) -> None:
    while os.read(pipe, 2**16):
        pass


def test_requests_are_not_logged_unless_it_is_wanted(models: Path) -> None:
    with logging_server(models, ROSENBLATT_ACCESS_LOG="false") as server:
        list(talk(server))
        time.sleep(0.3)
        assert "/predict" not in server.log.read_text()
