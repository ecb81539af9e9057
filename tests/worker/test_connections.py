"""A worker that is replaced loses no request, whatever state its connections are in."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from queue import Queue

import pytest

from service.supervisor import messages as m
from service.worker.connection import Connection
from service.worker.limits import ConnectionLimits
from service.worker.pipeline import PART_BYTES
from tests.worker.running import BIG, STOP_SECONDS, Client, Shared, Thread, request, shared

BRIEF = ConnectionLimits(keep_alive_seconds=1)


@pytest.fixture
def both() -> Iterator[Shared]:
    """Two workers; only the first, `old`, takes connections."""
    with shared() as found:
        found.worker("old").accept()
        found.worker("new")
        yield found


@pytest.fixture
def old(both: Shared) -> Thread:
    return both.workers[0]


@pytest.fixture
def client(both: Shared) -> Iterator[Client]:
    """A connection that the old worker has."""
    client = both.connect()
    assert client.get() == "old"
    yield client
    client.close()


def replace(both: Shared) -> None:
    """As the supervisor does: the new worker accepts before the old one drains."""
    old, new = both.workers
    new.accept()
    old.drain()


def test_an_idle_connection_moves(both: Shared, old: Thread, client: Client) -> None:
    replace(both)
    assert [client.get(), client.get()] == ["new", "new"]
    assert old.ended()


def test_a_request_in_flight_is_answered_and_the_connection_stays(
    both: Shared, old: Thread, client: Client
) -> None:
    client.send(request("/slow"))
    assert old.app.waiting.wait(30)
    replace(both)
    assert not old.ended(0.2)
    old.app.let_go.set()
    assert client.read() == "old"
    assert client.get() == "new"
    assert old.ended()


def test_a_connection_without_a_request_moves(both: Shared, old: Thread, client: Client) -> None:
    fresh = both.connect()
    assert client.get() == "old"  # so the fresh one was accepted too
    replace(both)
    assert old.ended()
    assert fresh.get() == "new"
    fresh.close()


def test_a_request_that_is_half_sent_is_answered(both: Shared, old: Thread, client: Client) -> None:
    text = request()
    client.send(text[:20])
    time.sleep(0.2)  # nothing tells when the worker has read it; unread, it would move
    replace(both)
    client.send(text[20:])
    assert client.read() == "old"
    assert client.get() == "new"
    assert old.ended()


def test_pipelined_requests_are_all_answered(both: Shared, old: Thread, client: Client) -> None:
    client.send(request("/slow") + request() + request())
    assert old.app.waiting.wait(30)
    replace(both)
    old.app.let_go.set()
    assert [client.read() for _ in range(3)] == ["old"] * 3
    assert client.get() == "new"
    assert old.ended()


def test_a_response_that_is_read_slowly_arrives_whole(
    both: Shared, old: Thread, client: Client
) -> None:
    client.send(request("/big"))
    time.sleep(0.2)  # the socket's buffers are full by now
    replace(both)
    assert not old.ended(0.2)
    assert len(client.read()) == BIG
    assert client.get() == "new"
    assert old.ended()


def test_a_body_that_comes_after_its_answer(both: Shared, old: Thread, client: Client) -> None:
    """As when it is refused early; what follows it is the next request."""
    client.send("POST /early HTTP/1.1\nhost: test\ncontent-length: 20\n\n0123456789")
    assert client.read() == "old"
    replace(both)
    client.send("0123456789")
    assert client.get() in ("old", "new")
    assert old.ended()
    assert client.get() == "new"


def test_a_request_in_one_segment_with_the_end_of_such_a_body_is_answered(
    both: Shared, old: Thread, client: Client
) -> None:
    client.send("POST /early HTTP/1.1\nhost: test\ncontent-length: 20\n\n0123456789")
    assert client.read() == "old"
    replace(both)
    client.send("0123456789" + request())
    assert client.read() == "old"
    assert client.get() == "new"
    assert old.ended()


def test_many_connections_move(both: Shared, old: Thread) -> None:
    """More than the socket pair holds at a time."""
    clients = [both.connect() for _ in range(600)]
    assert {client.get() for client in clients} == {"old"}
    replace(both)
    assert old.ended()
    assert {client.get() for client in clients} == {"new"}
    for client in clients:
        client.close()


def test_a_connection_that_moved_is_closed_when_it_stays_idle(both: Shared) -> None:
    with shared() as brief:
        brief.worker("old", BRIEF).accept()
        brief.worker("new", BRIEF)
        client = brief.connect()
        client.get()
        replace(brief)
        assert brief.workers[0].ended()
        assert client.closed()
        client.close()


def test_a_request_that_waits_while_the_connection_moves_may_take_long() -> None:
    """Longer than a connection may be idle."""
    with shared() as brief:
        old, new = (brief.worker(name, BRIEF) for name in ("old", "new"))
        old.accept()
        client = brief.connect()
        client.get()
        old.drain()  # the connection waits in the socket pair
        client.send(request("/slow"))
        new.accept()
        assert new.app.waiting.wait(30)
        time.sleep(1.5)
        new.app.let_go.set()
        assert client.read() == "new"
        client.close()


def test_an_idle_connection_is_not_closed_over_a_request_that_has_come(
    old: Thread, client: Client
) -> None:
    """Its time may be over before the event loop has looked at the sockets."""
    (connection,) = old.server.server_state.connections
    assert isinstance(connection, Connection)

    def fire() -> None:
        client.send(request())  # which the loop, busy here, has not seen
        connection.enforce_limits(time.monotonic() + 1000)

    connection.loop.call_soon_threadsafe(fire)
    assert client.read() == "old"
    time.sleep(0.1)
    assert client.get() == "old"  # its time has begun anew


def test_a_client_learns_at_once_that_its_idle_connection_is_closed(
    old: Thread, client: Client
) -> None:
    """Else a request that it sends in the turn of the event loop before would have no answer."""
    client.get()
    (connection,) = old.server.server_state.connections
    assert isinstance(connection, Connection)
    seen: Queue[bytes] = Queue()

    def fire() -> None:
        connection.enforce_limits(time.monotonic() + 1000)
        seen.put(client.socket.recv(1, socket.MSG_DONTWAIT))  # raises if nothing has come

    connection.loop.call_soon_threadsafe(fire)
    assert seen.get(timeout=5) == b""


def test_requests_in_one_segment_are_all_answered_when_the_server_is_about_to_stop(
    old: Thread, client: Client
) -> None:
    """The last answer alone announces the end of the connection."""
    old.tell(m.Draining())
    time.sleep(0.2)
    client.send(request() * 30)
    answers = client.file.read()
    assert answers.count(b"200 OK") == 30
    assert answers.count(b"connection: close") == 1


UPGRADE = "GET / HTTP/1.1\nhost: test\nconnection: upgrade\nupgrade: h2c\n\n"


@pytest.mark.parametrize("leaving", [False, True])
def test_what_follows_an_upgrade_is_no_request(old: Thread, client: Client, leaving: bool) -> None:
    """It is of another protocol, whatever it looks like and however long it is."""
    if leaving:
        old.tell(m.Draining())
        time.sleep(0.2)
    head = UPGRADE.replace("/ ", "/slow ", 1)
    client.send(head + "x" * (PART_BYTES - len(head.replace("\n", "\r\n"))))
    assert old.app.waiting.wait(30)
    client.send(request() * 50)
    time.sleep(0.2)
    old.app.let_go.set()
    answers = client.file.read()
    assert answers.count(b"HTTP/1.1 ") == answers.count(b"connection: close") == 1


def test_a_response_that_has_begun_ends_before_its_connection_does(
    old: Thread, client: Client
) -> None:
    """It did not announce the end, so the client may send the next request."""
    client.send(request("/big"))
    time.sleep(0.2)  # the socket's buffers are full by now
    old.tell(m.Stop())
    time.sleep(0.3)
    assert len(client.read()) == BIG
    client.send(request())
    assert b"connection: close" in client.file.read()
    assert old.ended()


def test_a_request_that_never_comes_does_not_keep_the_worker(
    both: Shared, old: Thread, client: Client
) -> None:
    client.send("GET / HT")
    time.sleep(0.2)
    started = time.monotonic()
    replace(both)
    assert old.ended()
    assert STOP_SECONDS - 1 < time.monotonic() - started < 3 * STOP_SECONDS
    assert client.closed()


def test_a_server_that_stops_answers_what_has_come(
    both: Shared, old: Thread, client: Client
) -> None:
    idle = both.connect()
    assert idle.get() == "old"
    client.send(request("/slow"))
    assert old.app.waiting.wait(30)
    old.tell(m.Stop())
    assert idle.closed()
    old.app.let_go.set()
    assert b"connection: close" in client.file.read()
    assert old.ended()
    idle.close()


def test_a_worker_ends_with_its_supervisor(both: Shared, old: Thread) -> None:
    for worker in both.workers:
        worker.ours.shutdown(socket.SHUT_RDWR)
    assert all(worker.ended() for worker in both.workers)


def test_one_that_is_not_wanted_takes_no_connection() -> None:
    with shared() as found:
        worker = found.worker("unwanted")
        assert isinstance(worker.hears(), m.Loaded)
        client = found.connect()
        client.send(request())
        worker.tell(m.Stop())
        assert worker.ended()
        found.worker("wanted").accept()
        assert client.read() == "wanted"
        client.close()


def test_it_says_why_it_cannot_start() -> None:
    with shared() as found:
        trace = "Traceback:\n  line\nservice.errors.StartupError: there is no device"
        worker = found.worker("broken", failure=trace)
        assert worker.hears() == m.Failed("there is no device")
        assert worker.ended()
