"""Open-loop load: requests are sent at fixed times, whether or not earlier ones were answered.

A closed loop waits for a slow server and therefore sends fewer requests just when it is slow
(coordinated omission). Here a latency is measured from the time at which the request was due, so it
includes any wait for a free connection. Requests are evenly spaced.
"""

from __future__ import annotations

import math
import select
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import numpy as np

from benchmarks.connection import Ask, Check, Connection

# Longest pause between two polls for responses; sleeping leaves the core to the server.
_NAP_SECONDS = 50e-6
_DRAIN_SECONDS = 5.0
_LOSSES = 10


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


def _is_right(check: Check, body: bytes, headers: Mapping[str, str]) -> bool:
    """What the check says; a body that it cannot read is wrong."""
    try:
        return check(body, headers)
    except (KeyError, TypeError, ValueError):
        return False


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
        self._open: dict[int, Connection] = {}
        self._idle: list[Connection] = []
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

    def _connect(self) -> Connection:
        connection = Connection(self._port)
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

    def _reuse(self) -> Connection | None:
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

    def _respond(self, connection: Connection, outcome: Outcome) -> None:
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

    def _lose(self, connection: Connection, outcome: Outcome) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        else:
            outcome.statuses["lost"] += 1
            if len(outcome.losses) < _LOSSES:
                outcome.losses.append(connection.loss())
        self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        del self._open[connection.socket.fileno()]
        connection.socket.close()
