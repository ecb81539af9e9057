"""What a server's processes open, and how they end; started either way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import zmq

from tests.faults import fault
from tests.repositories import tiny_repository
from tests.server import Server, free_port, serve

BENTOMLS = "service.app:Rosenblatt"
ANSWER_MS = 1500


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module", params=[None, BENTOMLS], ids=["ours", "BentoML's"])
def server(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    models = tiny_repository(tmp_path_factory.mktemp("models"))
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "alpha",
        "ROSENBLATT_WORKERS": "2",
    }  # fmt: skip
    with serve(request.param, **settings) as found:
        until(lambda: len(found.workers()) == 2)
        yield found


def family(server: Server) -> list[psutil.Process]:
    first = psutil.Process(server.pid)
    return [first, *first.children(recursive=True)]


def open_ports(processes: list[psutil.Process]) -> set[int]:
    """Ports that accept connections or datagrams from outside the processes."""
    return {
        connection.laddr.port
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
    }


def named_sockets(processes: list[psutil.Process]) -> set[str]:
    """Unix sockets that another process can find, other than those of CUDA's driver."""
    return {
        str(connection.laddr)
        for process in processes
        for connection in process.net_connections("unix")
        if connection.laddr and not str(connection.laddr).startswith("@cuda-uvmfd-")
    }


def obeys(address: str, folder: Path) -> bool:
    """Whether what listens there runs a command for a stranger who speaks circus' protocol."""
    proof = folder / "proof"
    command = f"{sys.executable} -c \"open('{proof}', 'w')\""
    request = {
        "id": "1", "command": "add", "properties": {"name": "x", "cmd": command, "start": True},
    }  # fmt: skip
    context = zmq.Context()
    client = context.socket(zmq.DEALER)
    client.linger = 0
    client.connect(address)
    client.send_json(request)
    # To ZeroMQ the HTTP refusal of what it sends may look like a message of its oldest version.
    if client.poll(ANSWER_MS) and any(part.startswith(b"{") for part in client.recv_multipart()):
        until(proof.exists, 10)
    context.destroy()
    return proof.exists()


def test_a_stranger_is_obeyed_by_an_open_supervisor(tmp_path: Path) -> None:
    """The control: without it the next test could not fail."""
    code = (
        "from circus.arbiter import Arbiter; import sys\n"
        "Arbiter([], 'tcp://127.0.0.1:' + sys.argv[1], 'tcp://127.0.0.1:' + sys.argv[2]).start()"
    )
    ports = [str(free_port()), str(free_port())]
    with subprocess.Popen(
        [sys.executable, "-c", code, *ports], stdin=subprocess.DEVNULL
    ) as process:
        try:
            until(
                lambda: {int(port) for port in ports} <= open_ports([psutil.Process(process.pid)])
            )
            assert obeys(f"tcp://127.0.0.1:{ports[0]}", tmp_path)
        finally:
            process.terminate()


@fault("strangers")
def test_a_stranger_gets_nowhere(server: Server, tmp_path: Path) -> None:
    processes = family(server)
    assert len(processes) == 3
    addresses = [f"tcp://127.0.0.1:{port}" for port in open_ports(processes)]
    addresses += [f"ipc://{path}" for path in named_sockets(processes)]
    assert addresses
    for address in addresses:
        assert not obeys(address, tmp_path), address


@fault("strangers")
def test_only_the_port_of_the_service_is_open(server: Server) -> None:
    processes = family(server)
    assert open_ports(processes) == {int(server.url.rpartition(":")[2])}
    assert named_sockets(processes) == set()


@pytest.mark.thorough
def test_a_plugin_of_bentomls_supervisor_reaches_it_where_others_cannot() -> None:
    with serve(f"{BENTOMLS} --reload") as server:
        processes = family(server)
        assert open_ports(processes) == {int(server.url.rpartition(":")[2])}
        paths = [Path(path) for path in named_sockets(processes)]
        assert {path.name for path in paths} == {"control", "events"}
        (folder,) = {path.parent for path in paths}
        assert (folder.stat().st_mode & 0o777, folder.stat().st_uid) == (0o700, os.getuid())
        assert any("circus import plugins" in " ".join(p.cmdline()) for p in processes)


@pytest.mark.thorough
@fault("killed-worker")
def test_a_worker_that_dies_is_restarted(server: Server) -> None:
    killed, survivor = server.workers()
    killed.kill()
    until(lambda: killed not in server.workers())
    assert httpx.get(f"{server.url}/readyz", timeout=60).status_code == 200
    until(lambda: len(server.workers()) == 2)
    assert survivor in server.workers()


@pytest.mark.thorough
def test_loading_is_refused_by_bentomls_supervisor(server: Server) -> None:
    answer = httpx.post(f"{server.url}/v2/repository/models/alpha/load", timeout=120)
    extensions = httpx.get(f"{server.url}/v2").json()["extensions"]
    if "bentoml" in " ".join(psutil.Process(server.pid).cmdline()):
        assert answer.status_code == 501
        assert "start it with `rosenblatt serve`" in answer.json()["error"]
        assert "model_repository" not in extensions
    else:
        assert answer.status_code == 200
        assert "model_repository" in extensions


def test_the_supervisor_stays_small() -> None:
    with serve() as server:
        supervisor = psutil.Process(server.pid)
        assert supervisor.memory_info().rss < 40e6
        loaded = {Path(m.path).name for m in supervisor.memory_maps()}
        assert not [name for name in loaded if "onnxruntime" in name or "pydantic" in name]


@pytest.mark.thorough
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@fault("sigterm")
def test_a_signal_stops_all_after_what_is_being_answered(number: int) -> None:
    with serve(ROSENBLATT_WORKERS="2") as server:
        until(lambda: len(server.workers()) == 2)
        processes = family(server)
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as slow:
            body = b'{"modalities": ["tabular"]}'
            slow.sendall(
                b"POST /recommend HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\n\r\n%b" % (len(body), body[:-1])
            )
            until(lambda: holds(server, slow))
            os.kill(server.pid, number)
            until(lambda: not listens(server))
            slow.sendall(body[-1:])
            answer = slow.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"connection: close" in answer
        assert psutil.Process(server.pid).wait(30) == 0
        assert not [process for process in processes if process.is_running()]


def holds(server: Server, client: socket.socket) -> bool:
    """Whether a worker has accepted a client's connection, and read what it has sent."""
    port = client.getsockname()[1]
    accepted = [
        connection
        for worker in server.workers()
        for connection in worker.net_connections("tcp")
        if connection.raddr and connection.raddr.port == port
    ]
    return bool(accepted)


def listens(server: Server) -> bool:
    """Whether the port is open; the processes themselves may end at any moment."""
    port = int(server.url.rpartition(":")[2])
    with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@pytest.mark.thorough
def test_workers_end_with_a_supervisor_that_is_killed() -> None:
    with serve(ROSENBLATT_WORKERS="2") as server:
        until(lambda: len(server.workers()) == 2)
        workers = server.workers()
        os.kill(server.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(workers, 30)
        assert not alive


@pytest.mark.thorough
def test_a_worker_that_is_told_to_stop_answers_first() -> None:
    """As by an operator who sends it SIGTERM; another takes its place."""
    with serve(ROSENBLATT_WORKERS="2") as server:
        until(lambda: len(server.workers()) == 2)
        stopped = server.workers()[0]
        stopped.terminate()
        stopped.wait(30)
        until(lambda: len(server.workers()) == 2)
        assert httpx.get(f"{server.url}/readyz", timeout=60).status_code == 200


@pytest.mark.thorough
def test_a_second_signal_waits_for_nothing() -> None:
    with serve() as server:
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        with socket.create_connection(address) as slow:
            slow.sendall(
                b"POST /recommend HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{"
            )
            until(lambda: holds(server, slow))
            os.kill(server.pid, signal.SIGINT)
            until(lambda: not listens(server))
            started = time.monotonic()
            os.kill(server.pid, signal.SIGINT)
            assert psutil.Process(server.pid).wait(30) == 0
            assert time.monotonic() - started < 5
