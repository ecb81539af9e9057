"""A request with the check of its response, and a connection that sends one at a time."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

# Returns True for a correct response, given its body and headers.
Check = Callable[[bytes, Mapping[str, str]], bool]


class Ask(NamedTuple):
    """The bytes of an HTTP/1.1 request, and the check of a response with status 200."""

    request: bytes
    check: Check


class Connection:
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


@lru_cache(maxsize=256)
def parse_head(head: bytes) -> tuple[str, dict[str, str]]:
    """Status and headers, with names in lower case; cached, since few responses differ."""
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    return first.split(" ")[1], headers
