"""Requests byte by byte, and what comes back."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tests.server import Server

SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """One response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        """The sentence of the one error body."""
        document: dict[str, Any] = json.loads(self.body)
        assert self.headers["content-type"] == "application/json"
        assert set(document) <= {"error", "detail"}
        return str(document["error"])

    @property
    def closes(self) -> bool:
        """Whether it says that the connection is closed after it."""
        return "close" in self.headers.get("connection", "")


class RawClient:
    """A connection on which every byte is the test's; a context manager."""

    def __init__(self, server: Server) -> None:
        host, _, port = server.url.removeprefix("http://").partition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> RawClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        self._file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> Answer:
        """The next response.

        Raises:
            ConnectionError: the server closes the connection instead.
        """
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError(f"no response, but {line!r}")
        headers = {}
        while (header := self._file.readline().strip()) != b"":
            name, _, value = header.decode().partition(": ")
            headers[name.lower()] = value
        body = self._file.read(int(headers.get("content-length", 0)))
        return Answer(int(line.split()[1]), headers, body)

    def ends(self) -> bool:
        """Whether the server closes the connection without more bytes."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def exchange(server: Server, data: bytes) -> Answer:
    """Send bytes on a new connection, and read the response; it is closed if that says so.

    Raises:
        ConnectionError: there is no response.
    """
    with RawClient(server) as client:
        with suppress(ConnectionError):  # refused before all was sent: the answer has come
            client.send(data)
        found = client.answer()
        assert not found.closes or client.ends()
        return found
