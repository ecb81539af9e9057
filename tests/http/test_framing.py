"""Requests that break HTTP's framing, and requests whose headers do not end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.faults import fault
from tests.http.raw import RawClient, exchange
from tests.repositories import tiny_repository
from tests.server import Server, serve

GET = b"GET /livez HTTP/1.1\r\nhost: localhost\r\n"
# Not of BentoML, which keeps a timer of every request for a while.
LIVE = b"GET /v2/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n"
POST = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n"
HEADER_BYTES = 16_384
MIB = 2**20
BROKEN = {
    "no HTTP": b"\x00\x01\x02 garbage\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an unknown method": b"FOO /livez HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a space in the path": b"GET /livez x HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a path in UTF-8": b"GET /liv\xc3\xa9 HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "no path": b"GET http://x HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "CONNECT": b"CONNECT x:1 HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "HTTP/1.2": b"GET /livez HTTP/1.2\r\nhost: localhost\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2.0 in words": b"GET /livez HTTP/2.0\r\nhost: localhost\r\n\r\n",
    "LF alone": GET.replace(b"\r\n", b"\n") + b"\n",
    "LF alone in a header": b"GET /livez HTTP/1.1\r\nhost: localhost\nfoo: y\r\n\r\n",
    "CR alone": GET.replace(b"\r\n", b"\r") + b"\r",
    "a space before a colon": GET + b"foo : y\r\n\r\n",
    "a folded header": GET + b"foo: y\r\n z\r\n\r\n",
    "NUL in a header": GET + b"foo: y\x00z\r\n\r\n",
    "no host": b"GET /livez HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"host: y\r\n\r\n",
    "both lengths": CHUNKED + b"content-length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "both lengths, reversed": POST
    + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a negative length": POST + b"content-length: -2\r\n\r\n{}",
    "a signed length": POST + b"content-length: +2\r\n\r\n{}",
    "an empty length": POST + b"content-length: \r\n\r\n{}",
    "a length twice": POST + b"content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
    "two lengths": POST + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "a list of lengths": POST + b"content-length: 2, 2\r\n\r\n{}",
    "an enormous length": POST + b"content-length: 99999999999999999999999\r\n\r\n{}",
    "another transfer coding": POST + b"transfer-encoding: gzip\r\n\r\n{}",
    "chunks inside another coding": POST + b"transfer-encoding: chunked, gzip\r\n\r\n{}",
    "nearly chunked": POST + b"transfer-encoding: xchunked\r\n\r\n{}",
    "a chunk without a size": CHUNKED + b"\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a negative chunk": CHUNKED + b"\r\n-2\r\n{}\r\n0\r\n\r\n",
    "an enormous chunk": CHUNKED + b"\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"\r\n1\r\n{}\r\n0\r\n\r\n",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    models = tiny_repository(tmp_path_factory.mktemp("models"))
    with serve(
        ROSENBLATT_MODELS_DIR=str(models), ROSENBLATT_DEFAULT_MODEL="alpha",
        ROSENBLATT_MAX_HEADER_BYTES=str(HEADER_BYTES),
    ) as found:  # fmt: skip
        yield found


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
@fault("framing")
def test_broken_framing_has_the_one_error_body(server: Server, data: bytes) -> None:
    refused = exchange(server, data)
    assert refused.status == 400
    assert refused.error
    assert refused.closes
    assert refused.headers["x-request-id"]


@fault("framing")
def test_another_expectation_is_refused(server: Server) -> None:
    refused = exchange(server, GET + b"expect: the-unexpected\r\n\r\n")
    assert (refused.status, refused.closes) == (417, True)
    assert "'the-unexpected'" in refused.error


@fault("framing", "large-body")
def test_a_large_body_is_refused_before_it_is_sent(server: Server) -> None:
    """The client waits for 100, and is answered 413 instead."""
    refused = exchange(server, POST + b"content-length: 99999999\r\nexpect: 100-continue\r\n\r\n")
    assert (refused.status, refused.closes) == (413, True)
    assert "99999999 bytes" in refused.error


def test_a_body_within_the_limit_is_asked_for(server: Server) -> None:
    with RawClient(server) as client:
        client.send(POST + b"content-length: 2\r\nexpect: 100-continue\r\n\r\n")
        assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"{}")
        assert client.answer().status == 422


FLOODS = {
    "10,000 headers": GET + b"".join(b"h%d: y\r\n" % i for i in range(10_000)) + b"\r\n",
    "a header of 1 MB": GET + b"a: " + bytes(10**6).replace(b"\0", b"x") + b"\r\n\r\n",
    "a path of 1 MB": b"GET /" + b"x" * 10**6 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "trailers of 1 MB": CHUNKED + b"\r\n2\r\n{}\r\n0\r\na: " + b"x" * 10**6,
    "a chunk's extension of 1 MB": CHUNKED + b"\r\n2;a=" + b"x" * 10**6,
    "empty lines": b"\r\n" * 500_000,
}


@pytest.mark.parametrize("data", FLOODS.values(), ids=FLOODS)
@fault("framing")
def test_a_flood_of_headers_is_refused(server: Server, data: bytes) -> None:
    refused = exchange(server, data)
    assert (refused.status, refused.closes) == (431, True)
    assert str(HEADER_BYTES) in refused.error


@fault("framing")
def test_a_header_without_an_end_takes_no_memory(server: Server) -> None:
    before = server.worker().memory_info().rss
    grown = sent = 0
    with RawClient(server) as client:
        client.send(GET + b"endless: ")
        with suppress(ConnectionError):
            while sent < 200 * 2**20:
                sent += client.socket.send(bytes(2**16).replace(b"\0", b"x"))
                grown = max(grown, server.worker().memory_info().rss - before)
    assert sent < 100 * 2**20  # the server has left before
    assert grown < 20 * 2**20


def test_headers_within_the_limit_are_read_in_pieces(server: Server) -> None:
    """The limit is of a request, not of a connection."""
    head = GET + b"a: " + b"x" * (HEADER_BYTES // 2) + b"\r\n\r\n"
    with RawClient(server) as client:
        for _ in range(5):
            for start in range(0, len(head), 2000):
                client.send(head[start : start + 2000])
                time.sleep(0.002)
            assert client.answer().status == 200


@pytest.mark.parametrize("first", [b"{}", b'{"instances": "x"}'])
@fault("framing")
def test_what_came_before_broken_framing_is_answered_first(server: Server, first: bytes) -> None:
    good = POST + b"content-length: %d\r\n\r\n%b" % (len(first), first)
    with RawClient(server) as client:
        client.send(good + good + b"garbage\r\n\r\n")
        assert [client.answer().status for _ in range(3)] == [422, 422, 400]
        assert client.ends()


@fault("large-body")
def test_a_body_in_chunks_over_the_limit_is_refused_in_bounded_memory(server: Server) -> None:
    """Its size is not announced; it is refused as soon as the limit is passed."""
    chunk = b"10000\r\n" + bytes(2**16) + b"\r\n"
    before, sent = peak(server), 0
    with RawClient(server) as client:
        client.send(CHUNKED + b"\r\n")
        with suppress(ConnectionError):
            while sent < 100 * MIB:
                client.send(chunk)
                sent += len(chunk)
        refused = client.answer()
    assert refused.status == 413
    assert "the limit is 4194304" in refused.error
    assert peak(server) - before < 20 * MIB


@fault("framing")
def test_requests_sent_ahead_of_their_answers_are_answered_in_bounded_memory(
    server: Server,
) -> None:
    """All of them: those that the worker cannot take yet wait in the client's socket."""
    requests = 20_000  # in 1 MB; parsed, they would take 130 MB
    before = peak(server)
    with RawClient(server) as client:
        sender = threading.Thread(target=client.send, args=(LIVE * requests,))
        sender.start()
        time.sleep(0.5)  # answers wait too, until they are read
        assert {client.answer().status for _ in range(requests)} == {200}
        sender.join()
    assert peak(server) - before < 10 * MIB


@fault("framing")
def test_many_tiny_requests_at_once_do_not_pile_up(server: Server) -> None:
    """On many connections, whose clients read no answer meanwhile."""
    before = peak(server)
    with ExitStack() as opened:
        clients = [opened.enter_context(RawClient(server)) for _ in range(20)]
        for client in clients:
            client.socket.setblocking(False)
            with suppress(BlockingIOError):
                client.socket.send(LIVE * 5000)
        for client in clients:
            client.socket.settimeout(30)
            assert client.answer().status == 200
    assert peak(server) - before < 20 * MIB


def peak(server: Server) -> int:
    """Most bytes that the worker has had in memory."""
    status = Path(f"/proc/{server.worker().pid}/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def test_a_connection_that_would_be_upgraded_is_closed_after_its_answer(server: Server) -> None:
    """The parser skips what follows such a request."""
    found = exchange(server, GET + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n")
    assert (found.status, found.closes) == (200, True)


@pytest.mark.parametrize(
    "body",
    [b"content-length: 2\r\n\r\n{}", b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
)
@fault("framing")
def test_a_body_that_the_parser_would_skip_is_refused(server: Server, body: bytes) -> None:
    """Java's HttpClient asks for HTTP/2 like this."""
    upgrade = b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\n"
    found = exchange(server, POST + upgrade + body)
    assert (found.status, found.closes) == (400, True)
    assert "without the header Upgrade" in found.error


def test_refusals_write_no_log(server: Server) -> None:
    """Else any client could fill the disk."""
    before = Path(server.log).stat().st_size
    for _ in range(5):
        exchange(server, BROKEN["no HTTP"])
    assert Path(server.log).stat().st_size == before
