"""Idle connections move from a worker that is replaced to one that serves.

HTTP has no lossless way for a server to close an idle connection, since a request may be on its
way. So the socket itself moves, through a socket pair that all workers inherit, and the client
notices nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

# Most sockets that are taken in one turn of the event loop.
_AT_A_TIME = 64


class Handover:
    """Both ends of the socket pair.

    Args:
        receiving: read by every worker that serves.
        sending: written by workers that are replaced.
    """

    def __init__(self, receiving: socket.socket, sending: socket.socket) -> None:
        for end in (receiving, sending):
            end.setblocking(False)
        self._receiving = receiving
        self._sending = sending

    def send(self, number: int) -> bool:
        """Pass on the socket with this file number; False if that cannot be done at the moment."""
        try:
            socket.send_fds(self._sending, [b"\0"], [number])
        except OSError:  # no room, or too many files on their way
            return False
        return True

    def start(self, take: Callable[[socket.socket], None]) -> None:
        """Call `take` with each socket that comes, from the running event loop."""

        def read() -> None:
            for _ in range(_AT_A_TIME):
                try:
                    _, numbers, _, _ = socket.recv_fds(self._receiving, 1, 1)
                except BlockingIOError:  # another worker was faster
                    return
                for number in numbers:
                    take(socket.socket(fileno=number))
                if not numbers:  # the supervisor is gone
                    return

        asyncio.get_running_loop().add_reader(self._receiving, read)

    def stop(self) -> None:
        """Take no more."""
        asyncio.get_running_loop().remove_reader(self._receiving)
