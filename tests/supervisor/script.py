"""A worker without a service: `python script.py PLAN LISTENER CONTROL RECEIVING SENDING`.

PLAN is a JSON file that is read at start; each key is optional:

    hello    fields of Hello
    loaded   fields of Loaded; absent, it never loads
    failed   it says so after Hello, and ends
    crash    it ends without a word, before Hello
    pause    seconds before it is loaded
    answering seconds that it takes to drain; then it writes `answered`

On SIGUSR1 it asks for what PLAN's neighbour `ask` says, an action and a model, and writes the
answer to `answer`. It imports the standard library alone, so that many can be started.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from service.selection import Rejection, Selection
from service.supervisor import messages
from service.supervisor.channel import receive

HELLO = {
    "workers": 1, "models_dir": "/", "start_seconds": 20, "stop_seconds": 5, "poll_seconds": 0,
}  # fmt: skip


def main(path: Path, end: socket.socket) -> int:
    """Behave as planned; the exit status."""
    plan: dict[str, Any] = json.loads(path.read_text())
    start = receive(end)
    assert isinstance(start, messages.Start)
    if "crash" in plan:
        return 7

    def tell(message: messages.Message) -> None:
        end.sendall(messages.encode(message))

    tell(messages.Hello(**(HELLO | plan.get("hello", {}))))
    waiting = False

    def ask(*_: Any) -> None:
        nonlocal waiting
        waiting = True
        tell(messages.Change(1, *json.loads(path.with_name("ask").read_text())))

    signal.signal(signal.SIGUSR1, ask)
    if "failed" in plan:
        tell(messages.Failed(plan["failed"]))
        return 1
    time.sleep(plan.get("pause", 0))
    if "loaded" in plan:
        tell(loaded(plan["loaded"], start.selection))
    draining = False
    while not draining or waiting:
        try:
            message = receive(end)
        except EOFError:
            return 0
        if isinstance(message, messages.Accept):
            tell(messages.Accepting())
        elif isinstance(message, messages.Changed):
            waiting = False
            write(path.with_name("answer"), message.error)
        elif isinstance(message, messages.News):
            write(path.with_name("news"), messages.encode(message).decode())
        elif isinstance(message, messages.Drain):
            tell(messages.Drained())
            if "answering" in plan:
                time.sleep(plan["answering"])
                write(path.with_name("answered"), "all")
            draining = True
        elif isinstance(message, messages.Stop):
            return 0
    return 0


def write(path: Path, text: str) -> None:
    """Whole or not at all, though other workers write the same."""
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(text)
    unfinished.replace(path)


def loaded(fields: dict[str, Any], selection: Selection) -> messages.Message:
    """What is loaded of it, without what the selection leaves out."""

    def kept(name: str, version: str) -> bool:
        return not selection.leaves_out(name, int(version))

    return messages.Loaded(
        fields.get("ready", True),
        tuple((n, v) for n, v in fields.get("serving", ()) if kept(n, v)),
        tuple(Rejection(n, v, reason) for n, v, reason in fields.get("refused", ()) if kept(n, v)),
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[3]))))
