"""Open loop: requests leave when they are due, whether or not earlier ones were answered.

A closed loop waits for a slow server and so asks it less just when it is slow; here a latency
counts from the moment a request was due, so that waiting for a free connection, too, is the
server's (no coordinated omission). Requests are evenly spaced.
"""

from __future__ import annotations

import select
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

# Looks for answers at least so often; sleeping between leaves the core to the server.
_NAP_SECONDS = 50e-6
_DRAIN_SECONDS = 5.0

Judge = Callable[[bytes, Mapping[str, str]], bool]


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        latencies: seconds from when each right answer's request was due.
        late: seconds after it was due that each request was sent; what the generator adds itself.
        statuses: how many answers had each status; `wrong` is 200 with wrong labels, `lost` a
            connection that ended without an answer, `unanswered` what the run's end cut off.
    """

    rate: float
    seconds: float
    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    def percentile(self, q: float) -> float:
        """Milliseconds; of right answers."""
        if not self.latencies:
            return float("nan")
        return round(float(np.percentile(self.latencies, q)) * 1e3, 3)

    def summary(self) -> dict[str, object]:
        """For the results."""
        return {
            "rate": round(self.rate, 1),
            "seconds": self.seconds,
            "p50_ms": self.percentile(50),
            "p99_ms": self.percentile(99),
            "p999_ms": self.percentile(99.9),
            "max_ms": self.percentile(100),
            "sent_late_p99_ms": round(float(np.percentile(self.late, 99)) * 1e3, 3),
            "statuses": dict(self.statuses),
        }


class _Connection:
    """One connection and the request in flight on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.due = 0.0
        self.unsent = memoryview(b"")
        self.received = b""

    def send(self) -> None:
        """As much of the request as the socket takes."""
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # the server closed it; reading tells
            self.unsent = memoryview(b"")

    def receive(self) -> tuple[str, dict[str, str], bytes] | None:
        """A whole answer: status, headers, body; None where more is to come.

        Raises:
            ConnectionError: there is no more.
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


@lru_cache(maxsize=256)
def parse_head(head: bytes) -> tuple[str, dict[str, str]]:
    """Status and headers, names in lower case. Answers differ in their second, if at all."""
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    return first.split(" ")[1], headers


def open_loop(
    port: int, request: bytes, right: Judge, rate: float, seconds: float, connections: int = 256
) -> Outcome:
    """Send `request` `rate` times a second for `seconds`, over at most so many connections."""
    return _Run(port, request, right, connections).go(rate, seconds)


class _Run:
    def __init__(self, port: int, request: bytes, right: Judge, most: int) -> None:
        self._port = port
        self._request = memoryview(request)
        self._right = right
        self._most = most
        self._open: dict[int, _Connection] = {}
        self._idle: list[_Connection] = []
        self._waiting: deque[float] = deque()
        self._poll = select.epoll()

    def go(self, rate: float, seconds: float) -> Outcome:
        outcome = Outcome(rate, seconds)
        total, sent = int(rate * seconds), 0
        for _ in range(min(self._most, 16)):
            self._idle.append(self._connect())
        start = time.perf_counter()
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
            connection = self._idle.pop() if self._idle else self._connect()
            connection.due = self._waiting.popleft()
            outcome.late.append(time.perf_counter() - connection.due)
            connection.unsent = self._request
            connection.send()
            if connection.unsent:
                self._poll.modify(connection.socket, select.EPOLLIN | select.EPOLLOUT)

    def _collect(self, outcome: Outcome) -> bool:
        """Take what has come; whether anything has."""
        events = self._poll.poll(0)
        for descriptor, event in events:
            connection = self._open[descriptor]
            if event & select.EPOLLOUT:
                connection.send()
                if not connection.unsent:
                    self._poll.modify(connection.socket, select.EPOLLIN)
            if event & ~select.EPOLLOUT:
                self._answer(connection, outcome)
        return bool(events)

    def _answer(self, connection: _Connection, outcome: Outcome) -> None:
        try:
            answer = connection.receive()
        except OSError:
            self._lose(connection, outcome)
            return
        if answer is None:
            return
        status, headers, body = answer
        taken = time.perf_counter() - connection.due
        if status == "200" and not self._right(body, headers):
            status = "wrong"
        if status == "200":
            outcome.latencies.append(taken)
        outcome.statuses[status] += 1
        # Refused before it was sent whole: the rest of it would be no request.
        if connection.unsent or headers.get("connection") == "close":
            self._drop(connection)
        else:
            self._idle.append(connection)

    def _lose(self, connection: _Connection, outcome: Outcome) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        else:
            outcome.statuses["lost"] += 1
        self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        del self._open[connection.socket.fileno()]
        connection.socket.close()
