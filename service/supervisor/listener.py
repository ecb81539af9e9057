"""The one TCP port of the service."""

from __future__ import annotations

import socket

_BACKLOG = 2048


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


def url(listener: socket.socket) -> str:
    """Where clients find it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
