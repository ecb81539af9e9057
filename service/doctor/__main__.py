"""`rosenblatt doctor`, or `python -m service.doctor`: one line per check.

Exit status: 0 everything works, 1 something does not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from service import signatures, tracing
from service.doctor import installation, limits, port, repository
from service.doctor.check import Check
from service.errors import StartupError
from service.http.guard import rules
from service.settings import settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks and print them; the exit status."""
    options = _parser().parse_args(arguments)
    failed = False
    for check in _checks(options):
        sys.stdout.write(f"{check.outcome:<5} {check.subject:<28} {check.detail}\n")
        sys.stdout.flush()
        failed |= check.outcome == "fail"
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rosenblatt doctor", description="Check this installation, its settings and models."
    )
    parser.add_argument("--models", type=Path, help="model repository; that of the settings")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (%(default)s)")
    parser.add_argument("--port", type=int, default=3000, help="port to serve on (%(default)s)")
    return parser


def _checks(options: argparse.Namespace) -> Iterator[Check]:
    yield from installation.checks()
    try:
        found = settings()
        rules(found)
        tracing.require(found)
        signatures.verifier(found)
    except StartupError as error:
        yield Check("fail", "settings", str(error))
        return
    if options.models is not None:
        found = found.model_copy(update={"models_dir": options.models})
    yield Check("ok", "settings", f"models in {found.models_dir}")
    yield from limits.checks(found)
    yield from repository.checks(found)
    yield port.check(options.host, options.port)


if __name__ == "__main__":
    sys.exit(main())
