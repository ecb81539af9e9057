"""Messages over one end of a socket pair that a worker inherits.

The pair has no name and no address, so no other process can open it. Either side sees the end of
the stream when the other dies.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

from service.supervisor.messages import Message, decode, encode

# A `Loaded` names every model version of the repository.
_LONGEST_LINE = 16 * 2**20


class Channel:
    """Sends and receives messages in an event loop; `over` makes one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> Channel:
        """A channel over a connected socket, which it owns from now on."""
        end.setblocking(False)
        return cls(*await asyncio.open_unix_connection(sock=end, limit=_LONGEST_LINE))

    def send(self, message: Message) -> None:
        """Queue a message; nothing happens if the other side is gone."""
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Every message, until the other side is gone."""
        while line := await self._line():
            yield decode(line)

    async def _line(self) -> bytes:
        """One whole line; empty at the end, even if the other side died within a line."""
        try:
            return await self._reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def close(self) -> None:
        """Send what is queued and let go of the socket."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


def receive(end: socket.socket) -> Message:
    """The next message, before there is an event loop.

    Raises:
        EOFError: the other side is gone.
    """
    line = b""
    while not line.endswith(b"\n"):
        # One byte at a time: what follows the line belongs to the channel.
        byte = end.recv(1)
        if not byte:
            raise EOFError("the supervisor is gone")
        line += byte
    return decode(line)
