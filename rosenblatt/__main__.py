"""`rosenblatt COMMAND ...`, or `python -m rosenblatt COMMAND ...`: find the command and run it.

Exit status: that of the command; 2 where there is no such command or its packages are missing; 141
where the reader of standard output has left, as in `rosenblatt doctor | head -1`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import select
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from service import __version__

# Of a program that SIGPIPE ends, as a shell reports it.
_SIGPIPE_STATUS = 128 + 13


class Command(NamedTuple):
    """Where a command lives.

    Attributes:
        module: has a `main(arguments)` that returns the exit status.
        prefix: arguments before the user's own, for a module with several commands.
        needs: a package of the training set that the command cannot do without.
    """

    summary: str
    module: str
    prefix: tuple[str, ...] = ()
    needs: str | None = None


COMMANDS = {
    "serve": Command("serve the models over HTTP", "service.serve"),
    "train": Command("train the four models on digits", "training.__main__", ("train",), "torch"),
    "fit": Command("train on a table of one's own", "training.__main__", ("fit",), "torch"),
    "transfer": Command(
        "retrain a served network on few labels", "training.__main__", ("transfer",), "torch"
    ),
    "import": Command("serve an ONNX model of one's own", "training.__main__", ("import",), "onnx"),
    "recommend": Command("classical ML or deep learning for a problem", "guide.__main__"),
    "profile": Command("facts of a table or images, and advice", "rosenblatt.profile"),
    "score": Command("score a whole file or folder", "service.score.__main__"),
    "key": Command("make an API key", "rosenblatt.key"),
    "sign": Command("sign model versions, or make a key", "service.sign"),
    "doctor": Command("check this installation and the models", "service.doctor.__main__"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        sys.stdout.write(_usage())
        return 0
    if given[0] == "--version":
        sys.stdout.write(f"rosenblatt {__version__}\n")
        return 0
    name, *rest = given
    command = COMMANDS.get(name)
    if command is None:
        sys.stderr.write(f"error: no command {name!r}; choose from {', '.join(COMMANDS)}\n")
        return 2
    if command.needs is not None and importlib.util.find_spec(command.needs) is None:
        sys.stderr.write(
            f"error: {name} needs the training set, and {command.needs} is not installed; "
            "install requirements/dev.txt\n"
        )
        return 2
    run: Callable[[Sequence[str]], int] = importlib.import_module(command.module).main
    try:
        status = run([*command.prefix, *rest])
        sys.stdout.flush()
    except BrokenPipeError:
        if not _is_unread():
            raise
        # Python writes what is left at its end, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _SIGPIPE_STATUS
    return status


def _is_unread() -> bool:
    """True if the reader of standard output has left."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _usage() -> str:
    rows = [f"  {name:<12}{command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: rosenblatt COMMAND [ARGUMENTS]",
            "",
            *rows,
            "",
            "rosenblatt COMMAND --help says more.",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
