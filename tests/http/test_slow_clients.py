"""Clients that send or read slowly, do nothing, or vanish: others are unaffected."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import numpy as np
import pytest

from tests.faults import fault
from tests.http.raw import RawClient
from tests.repositories import tiny_repository
from tests.server import Server, serve

HEADER_SECONDS, KEEP_ALIVE_SECONDS, TIMEOUT = 2.0, 1.0, 3.0
CONNECTIONS = 260
IDLE = 200
GET = b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n"
BODY = json.dumps({"instances": np.zeros((1, 28, 28), int).tolist()}).encode()
POST = (
    b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n" % len(BODY)
)
HEALTH = re.compile("^/(livez|healthz|readyz|metrics|v2/health/.*)$")
# Of one request of another client, on a machine that does other things too.
P99_SECONDS = 0.5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    models = tiny_repository(tmp_path_factory.mktemp("models"))
    with serve(
        ROSENBLATT_MODELS_DIR=str(models), ROSENBLATT_DEFAULT_MODEL="alpha",
        ROSENBLATT_HEADER_SECONDS=str(HEADER_SECONDS), ROSENBLATT_TIMEOUT_SECONDS=str(TIMEOUT),
        ROSENBLATT_KEEP_ALIVE_SECONDS=str(KEEP_ALIVE_SECONDS),
        ROSENBLATT_MAX_CONNECTIONS=str(CONNECTIONS),
    ) as found:  # fmt: skip
        # The first request of a kind may open a file of counts, which stays open.
        for path in ("/livez", "/readyz", "/metrics", "/nowhere"):
            httpx.get(f"{found.url}{path}")
        httpx.post(f"{found.url}/predict", content=BODY)
        yield found


@pytest.fixture
def files(server: Server) -> Iterator[int]:
    """The worker's open files without clients; as many are open after the test."""
    assert within(20, lambda: not server.worker().net_connections("tcp")[1:])
    before = server.worker().num_fds()
    yield before
    assert within(20, lambda: server.worker().num_fds() <= before)


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether it becomes true within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False


class Other:
    """Another client, which asks all the time; `p99` is in seconds."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._seconds: list[float] = []
        self._statuses: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Other:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert within(20, lambda: len(self._seconds) > 50)
        self._over.set()
        self._thread.join()
        assert self._statuses == {200}
        assert float(np.percentile(self._seconds, 99)) < P99_SECONDS

    def _ask(self) -> None:
        headers = {"content-type": "application/json"}
        with self._server.client() as client:
            while not self._over.wait(0.01):
                started = time.perf_counter()
                found = client.post("/predict", content=BODY, headers=headers)
                self._seconds.append(time.perf_counter() - started)
                self._statuses.add(found.status_code)


def drip(client: RawClient, data: bytes, seconds: float) -> float:
    """Send a byte a quarter of a second until the server has answered; the seconds it took."""
    started = time.monotonic()
    for byte in data:
        client.send(bytes([byte]))
        client.socket.settimeout(0.25)
        try:
            client.socket.recv(1, socket.MSG_PEEK)
            break
        except TimeoutError:
            assert time.monotonic() - started < seconds
    client.socket.settimeout(30)
    return time.monotonic() - started


@fault("slow-clients")
def test_slow_headers(server: Server, files: int) -> None:
    with Other(server), RawClient(server) as slow:
        taken = drip(slow, GET, 20)
        refused = slow.answer()
        assert (refused.status, refused.closes) == (408, True)
        assert refused.error == (
            "the headers of the request did not arrive within 2 s; send them faster"
        )
        assert taken >= HEADER_SECONDS
        assert slow.ends()


@fault("slow-clients")
def test_a_slow_body(server: Server, files: int) -> None:
    with Other(server), RawClient(server) as slow:
        slow.send(POST)
        assert drip(slow, BODY, 20) >= TIMEOUT - 0.5
        refused = slow.answer()
        assert (refused.status, refused.closes) == (408, True)
        assert slow.ends()


@fault("slow-clients")
def test_many_idle_sockets(server: Server, files: int) -> None:
    """Half of them after a request."""
    with Other(server), ExitStack() as open_sockets:
        idle = [open_sockets.enter_context(RawClient(server)) for _ in range(IDLE)]
        for client in idle[::2]:
            client.send(GET)
            assert client.answer().status == 200
        assert all(client.ends() for client in idle)


@fault("slow-clients")
def test_clients_that_vanish(server: Server, files: int) -> None:
    """In the middle of the headers, of the body and of the answer."""
    with Other(server):
        for i in range(90):
            with RawClient(server) as client:
                client.send((GET[:20], POST + BODY[:100], POST + BODY)[i % 3])
                client.socket.setsockopt(  # a reset, as of a process that dies
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
                )


@fault("slow-clients")
def test_a_client_that_reads_nothing(server: Server, files: int) -> None:
    """Its answers fill the buffers, and then it is disconnected."""
    with Other(server), RawClient(server) as deaf:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = b"GET /docs.json HTTP/1.1\r\nhost: localhost\r\n\r\n"
        deaf.socket.settimeout(2 * TIMEOUT)
        with suppress(ConnectionError, TimeoutError):
            for _ in range(100):
                deaf.send(request * 20)
        assert within(20, lambda: not holds(server, deaf))


def holds(server: Server, client: RawClient) -> bool:
    port = client.socket.getsockname()[1]
    found: list[Any] = server.worker().net_connections("tcp")
    return any(one.raddr and one.raddr.port == port for one in found)


@fault("slow-clients")
def test_a_body_that_trickles_after_its_answer(server: Server, files: int) -> None:
    """There is no such route, so nothing waits for the body."""
    with RawClient(server) as client:
        client.send(b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n")
        assert client.answer().status == 404
        with pytest.raises(ConnectionError):
            trickle(client, 20)


def trickle(client: RawClient, seconds: float) -> None:
    """Send ten bytes a second for so long."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        client.send(b"x")
        time.sleep(0.1)


@fault("slow-clients", "overload")
def test_more_connections_than_the_limit(server: Server, files: int) -> None:
    """Health is answered on them, all else is refused; many more are closed at once."""
    routes = httpx.get(f"{server.url}/").json()["routes"]
    health = {one["path"] for one in routes if HEALTH.search(one["path"])}
    assert len(health) == 6
    with ExitStack() as open_sockets:
        for _ in range(CONNECTIONS):
            open_sockets.enter_context(RawClient(server)).send(GET[:10])
        refused = httpx.post(f"{server.url}/predict", content=BODY)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["connection"] == "close"
        assert refused.json() == {
            "error": f"this worker has more than {CONNECTIONS} connections, which is the limit; "
            "try again in a moment"
        }
        assert refused.headers["x-request-id"]
        for path in health:
            assert httpx.get(f"{server.url}{path}").status_code == 200
    assert within(20, lambda: httpx.get(f"{server.url}/models").status_code == 200)


@fault("overload")
@pytest.mark.parametrize("framing", [b"content-length: %d", b"transfer-encoding: chunked"])
def test_a_large_body_over_the_limit_of_connections(server: Server, framing: bytes) -> None:
    """Its client can send all of it, and then sees the refusal."""
    size = 5 * 2**20
    head = POST.partition(b"content-length")[0] + framing.replace(b"%d", b"%d" % size)
    body = bytes(size) if b"length" in framing else b"%x\r\n%b\r\n0\r\n\r\n" % (size, bytes(size))
    with ExitStack() as open_sockets:
        for _ in range(CONNECTIONS):
            open_sockets.enter_context(RawClient(server)).send(GET[:10])
        for _ in range(5):
            with RawClient(server) as client:
                client.send(head + b"\r\n\r\n" + body)  # a reset meanwhile would be an error
                refused = client.answer()
                assert (refused.status, refused.closes) == (503, True)
                assert client.ends()
    assert within(20, lambda: httpx.get(f"{server.url}/models").status_code == 200)


def test_a_connection_that_is_used_stays(server: Server) -> None:
    """Longer than it may be idle."""
    with RawClient(server) as client:
        for _ in range(5):
            client.send(GET)
            assert client.answer().status == 200
            time.sleep(KEEP_ALIVE_SECONDS / 2)
