"""Open-loop load: requests are sent at fixed times, whether or not earlier ones were answered.

A closed loop waits for a slow server and therefore sends fewer requests just when it is slow
(coordinated omission). Here a latency is measured from the time at which the request was due, so it
includes any wait for a free connection. Requests are evenly spaced.
"""

from __future__ import annotations

import math
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import cycle
from typing import NamedTuple

import numpy as np

# Longest pause between two polls for responses; sleeping leaves the core to the server.
_NAP_SECONDS = 50e-6
_DRAIN_SECONDS = 5.0
_LOSSES = 10

# Returns True for a correct response, given its body and headers.
Check = Callable[[bytes, Mapping[str, str]], bool]


class Ask(NamedTuple):
    """The bytes of an HTTP/1.1 request, and the check of a response with status 200."""

    request: bytes
    check: Check


@dataclass
class Outcome:
    """The results of a run.

    Attributes:
        rate: requests per second.
        latencies: seconds from the due time of each correctly answered request to its response.
        late: seconds from the due time of each request until it was sent; the generator's share.
        statuses: number of responses by status. `wrong` is a 200 with a wrong body, `lost` a
            connection that closed without a response, `unanswered` a request still open at the end.
        in_time: number of correct responses that came while requests were still being sent.
        losses: of the first lost connections, what was asked and how the connection was used.
    """

    rate: float
    seconds: float
    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    in_time: int = 0
    losses: list[str] = field(default_factory=list)

    @property
    def throughput(self) -> float:
        """Correct responses per second while requests were still being sent."""
        return self.in_time / self.seconds

    def percentile(self, q: float) -> float:
        """Percentile `q` (0 to 100) of the latencies, in milliseconds."""
        if not self.latencies:
            return float("nan")
        return round(float(np.percentile(self.latencies, q)) * 1e3, 3)

    def summary(self) -> dict[str, object]:
        """The figures for the results file."""
        return {
            "rate": round(self.rate, 1),
            "seconds": self.seconds,
            "p50_ms": self.percentile(50),
            "p99_ms": self.percentile(99),
            "p999_ms": self.percentile(99.9),
            "max_ms": self.percentile(100),
            "sent_late_p99_ms": round(float(np.percentile(self.late, 99)) * 1e3, 3),
            "statuses": dict(self.statuses),
            **({"losses": self.losses} if self.losses else {}),
        }


class _Connection:
    """One connection and the request in flight on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.due = 0.0
        self.answers = 0
        self.used = time.perf_counter()  # when it was opened, or had its last answer
        self.sent = self.used
        self.check: Check
        self.request = b""
        self.unsent = memoryview(b"")
        self.received = b""

    def ask(self, ask: Ask) -> None:
        """Begin to send a request."""
        self.request, self.check = ask.request, ask.check
        self.unsent, self.sent = memoryview(ask.request), time.perf_counter()
        self.send()

    def is_closed(self) -> bool:
        """True if the server has closed the connection."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def loss(self) -> str:
        """What was asked when the server closed the connection, and how it was used before."""
        line = self.request.split(b"\r\n", 1)[0].decode()
        idle, waited = self.sent - self.used, time.perf_counter() - self.sent
        return (
            f"{line}: after {self.answers} answers and {idle:.3f} s idle, closed {waited:.3f} s "
            f"after it was sent, {len(self.unsent)} bytes not sent, {len(self.received)} received"
        )

    def send(self) -> None:
        """Send as much of the request as the socket takes."""
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # the server closed the connection; `receive` reports it
            self.unsent = memoryview(b"")

    def receive(self) -> tuple[str, dict[str, str], bytes] | None:
        """A complete response as status, headers and body; None if it is still incomplete.

        Raises:
            ConnectionError: the server closed the connection.
        """
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError
        self.received += part
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return None
        status, headers = parse_head(head)
        if len(body) < int(headers.get("content-length", 0)):
            return None
        self.received = b""
        return status, headers, body


def _is_right(check: Check, body: bytes, headers: Mapping[str, str]) -> bool:
    """What the check says; a body that it cannot read is wrong."""
    try:
        return check(body, headers)
    except (KeyError, TypeError, ValueError):
        return False


@lru_cache(maxsize=256)
def parse_head(head: bytes) -> tuple[str, dict[str, str]]:
    """Status and headers, with names in lower case; cached, since few responses differ."""
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    return first.split(" ")[1], headers


def open_loop(
    port: int, request: bytes, check: Check, rate: float, seconds: float, connections: int = 256
) -> Outcome:
    """Send a request repeatedly over several connections.

    Args:
        port: of a server on loopback.
        request: the bytes of an HTTP/1.1 request.
        check: decides whether a response with status 200 is correct.
        rate: requests per second.
        connections: most connections.
    """
    return open_loop_of(port, [Ask(request, check)], rate, seconds, connections)


def open_loop_of(
    port: int, asks: Sequence[Ask], rate: float, seconds: float, connections: int = 256
) -> Outcome:
    """Send several requests in turn, as `open_loop` does one."""
    return _Run(port, asks, connections).go(rate, seconds)


class _Run:
    def __init__(self, port: int, asks: Sequence[Ask], most: int) -> None:
        self._port = port
        self._asks = cycle(asks)
        self._most = most
        self._open: dict[int, _Connection] = {}
        self._idle: list[_Connection] = []
        self._waiting: deque[float] = deque()
        self._end = math.inf
        self._poll = select.epoll()

    def go(self, rate: float, seconds: float) -> Outcome:
        outcome = Outcome(rate, seconds)
        total, sent = int(rate * seconds), 0
        for _ in range(min(self._most, 16)):
            self._idle.append(self._connect())
        start = time.perf_counter()
        self._end = start + seconds
        while (now := time.perf_counter()) < start + seconds + _DRAIN_SECONDS:
            while sent < total and start + sent / rate <= now:
                self._waiting.append(start + sent / rate)
                sent += 1
            self._dispatch(outcome)
            if sent == total and not self._waiting and len(self._idle) == len(self._open):
                break
            if not self._collect(outcome):
                time.sleep(_NAP_SECONDS)
        outcome.statuses["unanswered"] += len(self._waiting) + len(self._open) - len(self._idle)
        outcome.statuses = +outcome.statuses
        for connection in self._open.values():
            connection.socket.close()
        self._poll.close()
        return outcome

    def _connect(self) -> _Connection:
        connection = _Connection(self._port)
        self._open[connection.socket.fileno()] = connection
        self._poll.register(connection.socket, select.EPOLLIN)
        return connection

    def _dispatch(self, outcome: Outcome) -> None:
        while self._waiting and (self._idle or len(self._open) < self._most):
            connection = self._reuse() or self._connect()
            connection.due = self._waiting.popleft()
            outcome.late.append(time.perf_counter() - connection.due)
            ask = next(self._asks)
            connection.ask(ask)
            if connection.unsent:
                self._poll.modify(connection.socket, select.EPOLLIN | select.EPOLLOUT)

    def _reuse(self) -> _Connection | None:
        """An idle connection that the server has not closed; None if there is none.

        Every HTTP client looks before it uses a connection again: a server may close an idle one at
        any time (RFC 9112, section 9.3).
        """
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._drop(connection)
        return None

    def _collect(self, outcome: Outcome) -> bool:
        """Process the waiting events; True if there were any."""
        events = self._poll.poll(0)
        for descriptor, event in events:
            connection = self._open[descriptor]
            if event & select.EPOLLOUT:
                connection.send()
                if not connection.unsent:
                    self._poll.modify(connection.socket, select.EPOLLIN)
            if event & ~select.EPOLLOUT:
                self._respond(connection, outcome)
        return bool(events)

    def _respond(self, connection: _Connection, outcome: Outcome) -> None:
        try:
            response = connection.receive()
        except OSError:
            self._lose(connection, outcome)
            return
        if response is None:
            return
        connection.answers, connection.used = connection.answers + 1, time.perf_counter()
        status, headers, body = response
        now = time.perf_counter()
        if status == "200" and not _is_right(connection.check, body, headers):
            status = "wrong"
        if status == "200":
            outcome.latencies.append(now - connection.due)
            outcome.in_time += now <= self._end
        outcome.statuses[status] += 1
        # If the server answered before the whole request was sent, the connection is unusable.
        if connection.unsent or headers.get("connection") == "close":
            self._drop(connection)
        else:
            self._idle.append(connection)

    def _lose(self, connection: _Connection, outcome: Outcome) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        else:
            outcome.statuses["lost"] += 1
            if len(outcome.losses) < _LOSSES:
                outcome.losses.append(connection.loss())
        self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        del self._open[connection.socket.fileno()]
        connection.socket.close()
