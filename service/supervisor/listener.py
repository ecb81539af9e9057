"""The one TCP port of the service."""

from __future__ import annotations

import asyncio
import ctypes
import select
import socket
import struct
from contextlib import suppress

_BACKLOG = 2048
# Time for handshakes in progress to complete, and for workers to accept the connections.
_HANDSHAKE_SECONDS, _ACCEPT_SECONDS = 0.02, 2.0
_TICK_SECONDS = 0.01
# Linux's SO_ATTACH_FILTER, which Python does not name, and a classic BPF program for it: drop the
# segments that have SYN without ACK among their flags, at byte 13 of the TCP header.
_ATTACH_FILTER = 26
_DROP_SYN = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load the byte
        (0x54, 0, 0, 0x12),  # keep SYN and ACK
        (0x15, 0, 1, 0x02),  # only SYN?
        (0x06, 0, 0, 0),  # drop
        (0x06, 0, 0, 0xFFFFFFFF),  # take
    )
)


class ListenError(Exception):
    """The address cannot be listened on; the message says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        ListenError: the port is out of range or taken, or the host is not this machine's.
    """
    if not 0 <= port <= 65535:
        raise ListenError(f"the port is {port}; choose one from 1 to 65535, or 0 for a free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ListenError(
            f"{host}:{port} cannot be listened on ({error.strerror or error}); choose another "
            "host or port"
        ) from error


async def close_losing_none(listener: socket.socket) -> None:
    """Close the port once every connection that was made is accepted.

    The kernel completes connections before a worker accepts them, and closing the port resets those
    that wait. So no new one is begun, and the port is closed when none waits. A client that
    connects meanwhile tries again by itself, and then finds the port closed.
    """
    with suppress(OSError):  # not Linux, or not allowed: connections of the last moment are reset
        _drop_new_connections(listener)
    clock = asyncio.get_running_loop().time
    until = clock() + _ACCEPT_SECONDS
    await asyncio.sleep(_HANDSHAKE_SECONDS)
    while _has_waiting(listener) and clock() < until:
        await asyncio.sleep(_TICK_SECONDS)
    listener.close()


def _drop_new_connections(listener: socket.socket) -> None:
    program = ctypes.create_string_buffer(_DROP_SYN)
    count = len(_DROP_SYN) // 8
    option = struct.pack("HL", count, ctypes.addressof(program))
    listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, option)


def _has_waiting(listener: socket.socket) -> bool:
    """True if a connection is complete and was not accepted."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    return bool(poll.poll(0))


def url(listener: socket.socket) -> str:
    """Where clients find it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
