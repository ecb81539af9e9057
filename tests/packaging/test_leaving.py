"""Nothing leaves the machine, and nothing is written outside the server's own folders."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from scripts.image_smoke_routes import Client, use_every_operation
from tests.conftest import MODELS, ROOT
from tests.faults import fault
from tests.server import Server, serve
from tests.tracing import outside, require_strace, tracer, written

EXAMPLES = ROOT / "docs" / "examples"
LOANS = ROOT / "deploy" / "container" / "models" / "loans"
# Written to without leaving anything there.
SINKS = {Path("/dev/null"), Path("/dev/tty")}


def beyond(paths: set[Path], folders: list[Path]) -> set[Path]:
    """What is outside the folders."""
    return {
        path for path in paths - SINKS if not any(path.is_relative_to(folder) for folder in folders)
    }


def use(server: Server) -> None:
    """Every operation, the page, and a reload by signal."""
    assert use_every_operation(Client(server.url), EXAMPLES) > 30
    with server.client() as client:
        for path in ("/", "/docs", "/metrics", "/models/digits-cnn/drift"):
            answer = client.get(path, headers={"accept": "text/html,*/*"})
            assert answer.status_code == 200, path
        before = {worker.pid for worker in server.workers()}
        os.kill(server.pid, signal.SIGHUP)
        deadline = time.monotonic() + 120
        while before & {worker.pid for worker in server.workers()}:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert client.get("/readyz").status_code == 200


@pytest.mark.slow
@fault("leaving")
def test_no_route_opens_a_connection_or_writes_elsewhere(tmp_path: Path) -> None:
    require_strace()
    models, log, trace = tmp_path / "models", tmp_path / "log", tmp_path / "trace"
    shutil.copytree(MODELS, models)
    shutil.copytree(LOANS, models / "loans")
    log.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(models), "HOME": str(home),
        "ROSENBLATT_REQUEST_LOG_DIR": str(log), "ROSENBLATT_REQUEST_LOG_SHARE": "1",
        # Under strace everything takes longer.
        "ROSENBLATT_TIMEOUT_SECONDS": "120", "ROSENBLATT_PROFILE_TIMEOUT_SECONDS": "120",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    with serve(prefix=tracer(trace, files=True), **settings) as server:
        use(server)
        temporary = server.log.parent
    paths = written(trace, ROOT)
    assert outside(trace) == []
    assert beyond(paths, [temporary, log]) == set()
    assert any(path.is_relative_to(temporary) for path in paths), "no file was traced"
    assert any(path.is_relative_to(log) for path in paths), "no file of the log was traced"


@fault("leaving")
def test_the_trace_shows_what_is_written(tmp_path: Path) -> None:
    """The control: without it the test above could not fail."""
    require_strace()
    code = (
        "import os, pathlib, socket\n"
        "pathlib.Path('new').touch(); os.rename('new', '../renamed')\n"
        "folder = os.open('..', os.O_RDONLY); os.mkdir('made', dir_fd=folder)\n"
        "os.symlink('new', 'link'); os.unlink('../renamed'); pathlib.Path('read').exists()\n"
        "open(os.__file__).close(); open('/dev/null', 'w').close()\n"
        "for address in ('127.0.0.1', '192.0.2.1'):\n"
        "    socket.socket(type=socket.SOCK_DGRAM).connect((address, 9))\n"
    )
    inner = tmp_path / "inner"
    inner.mkdir()
    trace = tmp_path / "trace"
    subprocess.run(
        [*tracer(trace, files=True), sys.executable, "-c", code],
        cwd=inner, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, check=True,
    )  # fmt: skip
    deadline = time.monotonic() + 10
    while "192.0.2.1" not in trace.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    names = {str(path.relative_to(tmp_path)) for path in beyond(written(trace, inner), [])}
    assert names == {"inner/new", "renamed", "made", "inner/link"}
    (line,) = outside(trace)
    assert "192.0.2.1" in line
