"""The open-loop generator against a real server that can stall, be wrong and close connections."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from benchmarks.connection import Connection
from benchmarks.open_loop import Outcome, open_loop

REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nping"

Reply = Callable[[int], tuple[float, bytes | None]]


def http(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


OK = http("200 OK", b"pong")


@contextmanager
def server(reply: Reply) -> Iterator[int]:
    """Answers request n with `reply(n)`: seconds to block, and bytes or None to close."""
    ports: list[int] = []
    listening, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    count = 0

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        try:
            while await reader.readexactly(len(REQUEST)):
                seconds, answer = reply(count)
                count += 1
                if seconds:
                    threading.Event().wait(seconds)  # the whole server, as a long computation does
                if answer is None:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def main() -> None:
        listener = await asyncio.start_server(connection, "127.0.0.1", 0)
        ports.append(listener.sockets[0].getsockname()[1])
        listening.set()
        await stop.wait()
        listener.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    assert listening.wait(5)
    yield ports[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(5)
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()


def load(reply: Reply, rate: float = 200, seconds: float = 1, connections: int = 64) -> Outcome:
    with server(reply) as port:
        return open_loop(port, REQUEST, lambda body, _: body == b"pong", rate, seconds, connections)


def test_a_fast_server_gets_requests_at_the_rate() -> None:
    outcome = load(lambda n: (0, OK))
    assert outcome.statuses == {"200": 200}
    assert outcome.percentile(50) < 20
    summary = outcome.summary()
    assert summary["rate"] == 200
    assert summary["max_ms"] == round(max(outcome.latencies) * 1e3, 3)


@pytest.mark.parametrize("connections", [64, 1])
def test_a_stall_delays_every_request_due_meanwhile(connections: int) -> None:
    """A closed loop would count it once; so would a clock that starts at sending."""
    outcome = load(lambda n: (0.4 if n == 50 else 0, OK), connections=connections)
    assert outcome.statuses == {"200": 200}
    slow = sum(taken > 0.1 for taken in outcome.latencies)
    assert slow >= 0.25 * 200
    assert max(outcome.latencies) >= 0.4


def test_wrong_answers_refusals_and_lost_connections_are_told_apart() -> None:
    answers = [OK, http("200 OK", b"wrong"), http("503 Busy", b"{}", "Connection: close"), None]
    outcome = load(lambda n: (0, answers[n % 4]))
    assert sum(outcome.statuses.values()) == 200
    assert set(outcome.statuses) == {"200", "wrong", "503", "lost"}
    assert all(40 <= n <= 60 for n in outcome.statuses.values())
    assert len(outcome.latencies) == outcome.statuses["200"]


def test_answers_in_pieces_are_whole_answers() -> None:
    large = http("200 OK", b"pong" * 100_000)
    with server(lambda n: (0, large)) as port:
        outcome = open_loop(port, REQUEST, lambda body, _: len(body) == 400_000, 50, 0.5)
    assert outcome.statuses == {"200": 25}


def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(listener.getsockname()[1])
        with connection.socket:
            accepted, _ = listener.accept()
            assert not connection.is_closed()
            accepted.close()
            time.sleep(0.1)
            assert connection.is_closed()
