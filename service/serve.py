"""`python -m service.serve`: serve the models over HTTP.

Exit status: 0 stopped by a signal, 1 it cannot start and says why in one line, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve as the command line says; the exit status."""
    options = _parser().parse_args(arguments)
    if sys.platform == "win32":
        sys.stderr.write(
            "rosenblatt cannot start: it needs Unix sockets; here, "
            "`bentoml serve service.app:Rosenblatt` serves, without reloading\n"
        )
        return 1
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        sys.stderr.write(
            "rosenblatt cannot start: no folder for temporary files can be written to; set TMPDIR "
            "to one that can\n"
        )
        return 1
    from service.supervisor.run import run

    return run(options.host, options.port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rosenblatt serve",
        description="Serve the model repository over HTTP. The environment holds the settings "
        "(docs/operations.md). SIGHUP loads the repository anew, SIGTERM and Ctrl+C stop.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=3000, help="port, 0 for any (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
