"""`python -m service.worker LISTENER CONTROL RECEIVING SENDING`: numbers of inherited sockets.

The supervisor starts it; it is of no use by hand.
"""

from __future__ import annotations

import gc
import socket
import sys

from service.supervisor.messages import Failed, encode
from service.worker.failure import reason


def main() -> int:
    """Serve until the supervisor says otherwise; the exit status."""
    # All that imports and models make stays, so collections would take 0.2 s and find nothing;
    # `run` turns them on again.
    gc.disable()
    try:
        from service.worker.run import run
    except (ImportError, MemoryError) as error:
        _tell(int(sys.argv[2]), reason(error))
        return 1
    return run(sys.argv[1:])


def _tell(control: int, why: str) -> None:
    """Tell the supervisor why this worker cannot start."""
    with socket.socket(fileno=control) as end:
        end.sendall(encode(Failed(why)))


if __name__ == "__main__":
    sys.exit(main())
