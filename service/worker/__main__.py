"""`python -m service.worker LISTENER CONTROL RECEIVING SENDING`: numbers of inherited sockets.

The supervisor starts it; it is of no use by hand.
"""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Serve until the supervisor says otherwise; the exit status."""
    # All that imports and models make stays, so collections would take 0.2 s and find nothing;
    # `run` turns them on again.
    gc.disable()
    from service.worker.run import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
