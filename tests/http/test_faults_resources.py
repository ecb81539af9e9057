"""Little memory, no disk to write to, a full one, no home, another user: it serves or says why.

Disks and users are those of a namespace of the test's own, which only root can make.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.conftest import ROOT
from tests.faults import fault
from tests.http.test_start import OURS
from tests.profiler.files import csv
from tests.repositories import tiny_model
from tests.server import Server, free_port, serve

IMAGE = [[0] * 28] * 28
TABLE = csv("a,b", *(f"{i},{i % 3}" for i in range(80)))
MIB = 2**20
ROOT_ALONE = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="needs root, to make namespaces and change the user",
)
FOLDERS = "/tmp /var/tmp /usr /dev/shm /root /home /work"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    models = tmp_path_factory.mktemp("models")
    tiny_model(models, "digits")
    return {"ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "digits"}


def check(server: Server, *, files: bool = True) -> None:
    """It predicts, counts, and reads a file in a process of its own."""
    with server.client() as client:
        assert client.get("/readyz").status_code == 200
        assert client.post("/predict", json={"instances": [IMAGE]}).status_code == 200
        assert "rosenblatt_predictions_total" in client.get("/metrics").text
        if files:
            profiled = client.post("/recommend/profile", files={"file": TABLE})
            assert profiled.status_code == 200, profiled.text


def within(commands: str, *variables: str) -> tuple[str, ...]:
    """The start of a command that runs in a mount namespace, after these commands."""
    script = f'set -e; mount --make-rprivate /; {commands}; exec env {shlex.join(variables)} "$@"'
    return ("unshare", "-m", "sh", "-c", script, "sh")


def read_only(*folders: str) -> str:
    """Commands that make folders read-only."""
    return "; ".join(
        f"if [ -d {folder} ]; then mount --bind {folder} {folder};"
        f" mount -o remount,ro,bind {folder}; fi"
        for folder in folders
    )


def fails(prefix: Sequence[str], settings: dict[str, Any]) -> list[str]:
    """What a server writes that must not start, and nothing beside; the last line says why."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", *OURS, "--host", "127.0.0.1", "--port", str(free_port())],
        cwd=ROOT, env={**os.environ, **settings, "ROSENBLATT_WORKERS": "1"}, text=True,
        capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert lines[-1].startswith("rosenblatt cannot start: "), done.stderr
    return lines


@fault("no-resources")
@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs prlimit of util-linux")
def test_a_memory_limit_that_is_enough(settings: dict[str, Any]) -> None:
    """Below the address space that a file's reader may take by the settings, too."""
    with serve(prefix=("prlimit", f"--as={1500 * MIB}"), **settings) as server:
        check(server)


@fault("no-resources")
@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs prlimit of util-linux")
@pytest.mark.parametrize("mebibytes", [100, 150, 200])
def test_a_memory_limit_that_is_not(settings: dict[str, Any], mebibytes: int) -> None:
    fails(("prlimit", f"--as={mebibytes * MIB}"), settings)


@pytest.mark.thorough
@fault("no-resources")
@pytest.mark.skipif(sys.platform != "linux", reason="limits another process")
def test_memory_runs_out_while_it_serves(settings: dict[str, Any]) -> None:
    """Requests get 503 or lose their connection, or the worker dies and another takes its place.

    Then it serves on. A line says what happened.
    """
    with serve(**settings) as server, ThreadPoolExecutor(16) as pool:
        check(server, files=False)
        worker = server.worker()
        most = worker.memory_info().vms + 16 * MIB
        worker.rlimit(psutil.RLIMIT_AS, (most, most))
        body = json.dumps({"instances": [IMAGE] * 1024}).encode()
        outcomes = set(pool.map(lambda _: outcome(server, body), range(48)))
        assert outcomes <= {"200", "503", "lost"}
        until(lambda: outcome(server, json.dumps({"instances": [IMAGE]}).encode()) == "200")
        log = server.log.read_text()
        assert re.search("there is no memory|MemoryError|died; another is started", log)


def outcome(server: Server, body: bytes) -> str:
    """The status of a prediction; `lost` where its worker died."""
    headers = {"content-type": "application/json"}
    try:
        found = httpx.post(f"{server.url}/predict", content=body, headers=headers, timeout=30)
    except httpx.TransportError:
        return "lost"
    return str(found.status_code)


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@fault("no-resources")
@pytest.mark.parametrize("home", [("env", "-u", "HOME"), ("env", "HOME=/nowhere")])
def test_without_a_home(settings: dict[str, Any], home: tuple[str, ...]) -> None:
    with serve(prefix=home, **settings) as server:
        check(server)


@ROOT_ALONE
@fault("no-resources")
def test_a_read_only_disk_with_a_folder_for_temporary_files(settings: dict[str, Any]) -> None:
    prefix = within(
        f"mount -t tmpfs tmpfs /mnt; {read_only(*FOLDERS.split())}; ! touch {ROOT}/x 2>/dev/null",
        "TMPDIR=/mnt", "BENTOML_HOME=/mnt/bentoml",
    )  # fmt: skip
    with serve(prefix=prefix, **settings) as server:
        check(server)


@ROOT_ALONE
@fault("no-resources")
def test_a_read_only_disk_without_one(settings: dict[str, Any]) -> None:
    (line,) = fails(within(read_only(*FOLDERS.split(), str(ROOT))), settings)
    assert line == (
        "rosenblatt cannot start: no folder for temporary files can be written to; set TMPDIR to "
        "one that can"
    )


@ROOT_ALONE
@fault("no-resources")
def test_a_disk_that_is_full(settings: dict[str, Any]) -> None:
    (line,) = fails(within("mount -t tmpfs -o size=512k tmpfs /mnt", "TMPDIR=/mnt"), settings)
    assert " bytes free and the counts of 1 worker(s) need " in line
    assert line.endswith("free some, or set TMPDIR to another folder")


@ROOT_ALONE
@fault("no-resources")
def test_a_disk_that_fills_up_while_it_serves(settings: dict[str, Any], tmp_path: Path) -> None:
    """Counts are in files that are mapped into memory: a page without a block would kill it."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", tmp_path], check=True)
    try:
        with serve(prefix=("env", f"TMPDIR={tmp_path}"), **settings) as server:
            check(server)
            worker = server.worker().pid
            with pytest.raises(OSError, match="No space"):
                _fill(tmp_path / "fill")
            _use_every_label(server)
            check(server, files=False)
            assert server.worker().pid == worker
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def _fill(path: Path) -> None:
    """Write to a file until the disk is full."""
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def _use_every_label(server: Server) -> None:
    """One request of each route and status that needs a label of its own."""
    with server.client() as client:
        for path, item in client.get("/openapi.json").json()["paths"].items():
            for name in ("digits", "none"):
                written = path.replace("{name}", name).replace("{version}", "1")
                for method in {"get", "put", "head"} & {*item, "put", "head"}:
                    client.request(method, written)
                    client.post(written, content=b"{")


@ROOT_ALONE
@fault("no-resources")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv of util-linux")
@pytest.mark.parametrize("home", ["/root", "/nowhere", "/"])
def test_a_user_without_a_name_and_a_home(settings: dict[str, Any], home: str) -> None:
    """As containers run: a number, and a home that it may not write to.

    It may read any file, wherever the sources and Python are installed, and write none of another.
    """
    prefix = within(
        "mount -t tmpfs -o mode=1777 tmpfs /mnt",
        f"HOME={home}", "TMPDIR=/mnt", "BENTOML_HOME=/mnt/bentoml",
        "setpriv", "--reuid=54321", "--regid=54321", "--clear-groups",
        "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
    )  # fmt: skip
    with serve(prefix=prefix, **settings) as server:
        check(server)
        assert server.worker().uids().effective == 54321
