"""Closes the ports of BentoML's supervisor.

`bentoml serve` has circus supervise the workers. Circus takes commands on a TCP port of the
loopback interface, without authentication, and one of its commands starts any program: every local
process could run programs as this user (docs/decisions/0020).
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from typing import Any


def close_ports() -> None:
    """Have circus listen within its own process; must run in that process, before it starts.

    Plugins are processes that must reach it, as with `bentoml serve --reload`: for them it listens
    on Unix sockets in a folder that only this user can open.
    """
    from circus.arbiter import Arbiter  # imports what workers do not need

    Arbiter.__init__ = _private(Arbiter.__init__)


def _private(initialise: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(initialise)
    def private(arbiter: Any, *arguments: Any, **options: Any) -> None:
        endpoints = {"endpoint": "control", "pubsub_endpoint": "events"}
        scheme = f"ipc://{_folder(arbiter)}/" if options.get("plugins") else "inproc://circus-"
        options |= {option: scheme + name for option, name in endpoints.items()}
        initialise(arbiter, *arguments, **options)

    return private


def _folder(arbiter: Any) -> str:
    """A folder for sockets, mode 0700, removed with the arbiter."""
    arbiter.private_folder = tempfile.TemporaryDirectory(prefix="rosenblatt-")
    name: str = arbiter.private_folder.name
    return name
