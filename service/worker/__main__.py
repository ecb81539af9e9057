"""`python -m service.worker LISTENER CONTROL RECEIVING SENDING`: numbers of inherited sockets.

The supervisor starts it; it does not run by hand.
"""

from __future__ import annotations

import gc
import socket
import sys

from service.worker.failure import reason


def main() -> int:
    """Serve until the supervisor says otherwise; the exit status."""
    # Everything that imports and models allocate stays, so the collector would take 0.2 s and free
    # nothing; `run` turns it on again.
    gc.disable()
    try:
        from service.worker.run import run
    except (ImportError, MemoryError) as error:
        _tell(int(sys.argv[2]), reason(error))
        return 1
    return run(sys.argv[1:])


def _tell(control: int, why: str) -> None:
    """Tell the supervisor why this worker cannot start; say it if even that cannot be imported."""
    try:
        from service.supervisor.messages import Failed, encode
    except (ImportError, MemoryError):
        sys.exit(f"rosenblatt's worker cannot start: {why}")
    with socket.socket(fileno=control) as end:
        end.sendall(encode(Failed(why)))


if __name__ == "__main__":
    sys.exit(main())
