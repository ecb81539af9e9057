"""The child's side: read frames from standard input, answer on standard output.

`profiler.child` starts `python -m profiler.child_main`. The libraries that parse files run here, in
a process that limits its own memory, writes no file and ends with its parent.
"""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from profiler import wire
from profiler.encode import encode
from profiler.errors import ProfilerError
from profiler.files import profile_file, read_file
from profiler.limits import Limits, memory_exceeded
from profiler.wire import Frame


def main() -> None:
    """Answer requests until standard input ends."""
    # Ctrl-C reaches the whole group of processes; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = _own_output()
    started_with = _address_space()
    wire.send(answers, Frame({"ready": True}))
    while True:
        try:
            request = wire.receive(sys.stdin.buffer, most=2**63)
        except EOFError:
            return
        wire.send(answers, answer(request, started_with))


def answer(request: Frame, started_with: int = 0) -> Frame:
    """Do what a request asks for, or name the error.

    Args:
        request: `operation`, `limits` and what the operation takes; the file is its blob.
        started_with: bytes of address space that do not count.
    """
    limits = Limits(**request.header["limits"])
    _restrict(limits, started_with)
    error: ProfilerError
    try:
        return _OPERATIONS[request.header["operation"]](request, limits)
    except MemoryError:
        error = memory_exceeded(limits)
    except ProfilerError as refusal:
        error = refusal
    return Frame({"error": type(error).__name__, "message": str(error)})


def _profile(request: Frame, limits: Limits) -> Frame:
    found = profile_file(request.blobs[0], target=request.header["target"], limits=limits)
    return Frame({"profile": asdict(found)})


def _table(request: Frame, limits: Limits) -> Frame:
    return encode(read_file(request.blobs[0], limits))


_OPERATIONS: dict[str, Callable[[Frame, Limits], Frame]] = {"profile": _profile, "table": _table}


def _own_output() -> BinaryIO:
    """Standard output for frames alone; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _address_space() -> int:
    """Bytes of address space in use; 0 where the system does not tell."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0


def _restrict(limits: Limits, started_with: int) -> None:
    """Limit memory, and what a process without a parent could do.

    Only Linux keeps a limit of address space, so elsewhere time alone is limited.
    """
    if sys.platform != "linux" or not started_with:
        return
    import resource

    def limit(what: int, value: int) -> None:
        most = resource.getrlimit(what)[1]  # a limit that this process was given cannot be raised
        resource.setrlimit(
            what, (value if most == resource.RLIM_INFINITY else min(value, most), most)
        )

    for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(what, (0, 0))
    limit(resource.RLIMIT_AS, started_with + limits.memory_mb * 2**20)
    # Without a parent that kills it, a late process ends by the time it computed.
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    limit(resource.RLIMIT_CPU, math.ceil(used + limits.seconds) + 1)


if __name__ == "__main__":
    main()
