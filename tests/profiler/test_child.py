"""A file that harms its reader ends one process, not the parent, and is told why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from profiler import Limits
from profiler.child import Child
from profiler.errors import (
    ContentError,
    NoReaderError,
    ProfilerError,
    TimeLimitError,
    TooLargeError,
    UnreadableError,
)
from profiler.wire import Frame
from tests.profiler.bombs import BOMBS, SLOW
from tests.profiler.files import LIMITS, csv, iris, limits

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory need Linux")
TABLE = csv("a,b", "1,x", "2,y")
MOST = 2**24


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child()
    yield child
    child.end()


def ask(child: Child, data: bytes = TABLE, allowed: Limits = LIMITS) -> Frame:
    header = {"operation": "profile", "target": None, "limits": asdict(allowed)}
    return child.ask(Frame(header, [data]), allowed, MOST)


def test_a_child_can_be_asked_again(child: Child) -> None:
    for _ in range(2):
        assert ask(child).header["profile"]["facts"]["n_rows"] == 2
    with pytest.raises(ContentError, match="0 rows"):
        ask(child, b"a,b\n")
    assert ask(child).header["profile"]["facts"]["n_rows"] == 2


@linux
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused(child: Child, bomb: str) -> None:
    with pytest.raises(TooLargeError) as caught:
        ask(child, BOMBS[bomb](), limits(memory_mb=256))
    assert str(caught.value) in (
        "file takes more than 256 MiB of memory to read, which is the limit; send a sample",
        "file unpacks to a table of 400,000,000 bytes; the limit is 268,435,456: send a sample of "
        "its rows",
    )


@pytest.mark.parametrize("slow", SLOW)
def test_a_file_that_takes_too_long(child: Child, slow: str) -> None:
    with pytest.raises(TimeLimitError) as caught:
        ask(child, SLOW[slow](), limits(seconds=0.5, memory_mb=4096))
    assert str(caught.value) == (
        "file takes more than 0.5 s to read, which is the limit; send a sample"
    )
    assert not child.is_running()


def test_a_child_that_does_not_even_listen(child: Child) -> None:
    """The parent waits no longer than the limit, though it cannot send the file."""
    child.wait_until_ready()
    os.kill(child.pid, signal.SIGSTOP)
    with pytest.raises(TimeLimitError):
        ask(child, csv("a,b", *["1,2"] * 2**16), limits(seconds=0.2))


def when_reading(child: Child, act: signal.Signals) -> threading.Thread:
    """Send the signal as soon as the child computes."""
    child.wait_until_ready()
    process = psutil.Process(child.pid)
    before = sum(process.cpu_times()[:2])

    def wait() -> None:
        while sum(process.cpu_times()[:2]) < before + 0.05:
            pass
        os.kill(child.pid, act)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (signal.SIGSEGV, UnreadableError, "file makes its reader crash; write it again with"),
        (signal.SIGABRT, UnreadableError, "file makes its reader crash; write it again with"),
        (signal.SIGKILL, TooLargeError, "more than 2,048 MiB of memory"),
        (signal.SIGXCPU, TimeLimitError, "more than 30 s to read"),
    ],
)
def test_a_child_that_dies(
    child: Child, act: signal.Signals, error: type[ProfilerError], message: str
) -> None:
    """SIGKILL comes from a kernel without memory, SIGXCPU from the limit of computing time."""
    thread = when_reading(child, act)
    with pytest.raises(error, match=message) as caught:
        ask(child, csv("a,b", *["1,2"] * 900_000))
    thread.join()
    assert type(caught.value) is error
    assert not child.is_running()


def test_an_answer_larger_than_allowed(child: Child) -> None:
    header = {"operation": "table", "limits": asdict(LIMITS)}
    data = iris().write_csv().encode()
    with pytest.raises(UnreadableError, match="file makes its reader crash"):
        child.ask(Frame(header, [data]), LIMITS, 1000)
    child.end()


def test_a_defect_of_the_child_is_no_crash_of_the_parent(child: Child) -> None:
    header = {"operation": "none such", "limits": asdict(LIMITS)}
    with pytest.raises(UnreadableError, match="file makes its reader crash"):
        child.ask(Frame(header, [TABLE]), LIMITS, MOST)


@pytest.mark.parametrize("program", ["/nowhere/python", "true", "cat"])
def test_no_child(program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There is no such program, it ends at once, or it says something else."""
    path = Path(program)
    if program in ("true", "cat"):
        path = tmp_path / program
        path.write_text({"true": "#!/bin/sh\n", "cat": "#!/bin/sh\necho hello world\n"}[program])
        path.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(path))
    with pytest.raises(NoReaderError, match="try again later"):
        Child().wait_until_ready()


@linux
def test_a_child_knows_no_secret_and_writes_no_file(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    second = Child()
    try:
        ask(second)
        environment = psutil.Process(second.pid).environ()
        assert "AWS_SECRET_ACCESS_KEY" not in environment
        of = psutil.Process(second.pid).rlimit
        assert of(psutil.RLIMIT_FSIZE) == of(psutil.RLIMIT_CORE) == (0, 0)
        assert of(psutil.RLIMIT_CPU)[0] < 2 * LIMITS.seconds
    finally:
        second.end()


def test_a_child_that_is_forgotten_ends() -> None:
    child = Child()
    process = psutil.Process(child.pid)
    del child
    assert process.wait(timeout=10) is not None or not process.is_running()


PARENT = """
import sys
from profiler.child import Child
child = Child()
child.wait_until_ready()
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_child_ends_with_its_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        gone, _ = psutil.wait_procs([child], timeout=30)
        assert gone


FLAT = """
import resource, sys
from pathlib import Path
from profiler import Limits, Reader
from profiler.errors import ProfilerError
files = [path.read_bytes() for path in map(Path, sys.argv[1:])]
with Reader(Limits()) as reader:
    reader.profile(b"a,b\\n1,2\\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in files:
        try:
            reader.profile(data)
        except ProfilerError as error:
            print(type(error).__name__)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
print(sorted({"polars", "PIL"} & set(sys.modules)))
"""


@linux
def test_the_parent_stays_small(tmp_path: Path) -> None:
    """Bombs of up to gigabytes; the parent imports no library that reads files."""
    for name, bomb in BOMBS.items():
        (tmp_path / name).write_bytes(bomb())
    found = subprocess.run(
        [sys.executable, "-c", FLAT, *sorted(map(str, tmp_path.iterdir()))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    *errors, megabytes, imported = found.stdout.splitlines()
    assert set(errors) == {"TooLargeError"}
    assert len(errors) == len(BOMBS)
    assert int(megabytes) < 10
    assert imported == "[]"
