"""A worker that cannot import what it needs says so in one line."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from service.supervisor.channel import receive
from service.supervisor.messages import Failed

START = """
import runpy, sys
sys.modules[{module!r}] = None  # its import fails
sys.argv = ["worker", "0", "{number}", "0", "0"]
runpy.run_module("service.worker", run_name="__main__")
"""


def start(module: str) -> tuple[subprocess.CompletedProcess[str], socket.socket]:
    """A worker that cannot import the module, and the supervisor's end of its channel."""
    ours, theirs = socket.socketpair()
    ours.settimeout(30)
    with theirs:
        number = theirs.fileno()
        done = subprocess.run(
            [sys.executable, "-c", START.format(module=module, number=number)],
            pass_fds=[number], text=True, capture_output=True, timeout=60,
        )  # fmt: skip
    return done, ours


def test_the_supervisor_is_told() -> None:
    done, ours = start("service.worker.handover")
    with ours:
        message = receive(ours)
    assert (done.returncode, done.stderr) == (1, "")
    assert isinstance(message, Failed)
    assert message.reason.startswith("a library cannot be loaded: ")


@pytest.mark.parametrize("module", ["service.supervisor.messages", "service.selection"])
def test_it_is_said_where_the_supervisor_cannot_be_told(module: str) -> None:
    done, ours = start(module)
    ours.close()
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("rosenblatt's worker cannot start: a library cannot be loaded: ")
