"""`python -m scripts.port HOST PORT`: exit 1 with one line where nothing can listen there."""

from __future__ import annotations

import socket
import sys


def main(host: str, port: str) -> int:
    """Try to listen as the server will; the exit status."""
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        sys.stderr.write(f"cannot start: PORT is {port!r}; choose one from 1 to 65535\n")
        return 1
    try:
        with socket.create_server((host, int(port))):
            return 0
    except OSError as error:
        sys.stderr.write(
            f"cannot start: {host}:{port} cannot be listened on ({error.strerror}); choose "
            "another with HOST= or PORT=\n"
        )
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
