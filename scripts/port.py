"""`python -m scripts.port HOST PORT`: check that a server can listen; exit 1 if it cannot."""

from __future__ import annotations

import socket
import sys


def main(host: str, port: str) -> int:
    """Try to listen on the address; returns the exit status."""
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        sys.stderr.write(f"cannot start: PORT is {port!r}; choose one from 1 to 65535\n")
        return 1
    try:
        with socket.create_server((host, int(port))):
            return 0
    except OSError as error:
        sys.stderr.write(
            f"cannot start: cannot listen on {host}:{port} ({error.strerror}); choose another "
            "address with HOST= or PORT=\n"
        )
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
