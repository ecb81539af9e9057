"""Run an image as a careful operator would, and check that it serves and stops."""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
import socket
import sys
import time
from pathlib import Path
from typing import Any

from scripts.image_engine import Engine, EngineError

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "examples"
LOAN = {"age": 70, "income": 2000, "town": "Bergen"}
_MODELS = "/opt/rosenblatt/app/models"
# Two workers, one more while models are reloaded, the processes that read files, and the tests.
_MEMORY = 3 * 2**29
_START_SECONDS = 90
_STOP_SECONDS = 60
# Another user than the image's: a cluster may choose any.
_USER = 23456
_LOCKED = (
    "--read-only", "--tmpfs", "/tmp", "--cap-drop", "all",
    "--security-opt", "no-new-privileges", "--security-opt", "label=disable",
    "--pids-limit", "256", "--user", f"{_USER}:{_USER}",
)  # fmt: skip
_MEMORY_LIMIT = ("--memory", str(_MEMORY), "--memory-swap", str(_MEMORY))
# Asks the system from inside what the flags have come to.
_INSIDE = """
import json, os, pathlib
status = dict(l.split(":", 1) for l in pathlib.Path("/proc/1/status").read_text().splitlines())
groups = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
limits = [pathlib.Path(p).read_text().strip() for p in groups if os.path.exists(p)]
def is_writable(folder):
    try:
        (pathlib.Path(folder) / "probe").write_text("")
    except OSError:
        return False
    return True
print(json.dumps({
    "user": os.stat("/proc/1").st_uid,
    "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
    "new_privileges": status["NoNewPrivs"].strip() == "0",
    "seccomp": status["Seccomp"].strip(),
    "memory": limits[0] if limits else "max",
    "writable": [f for f in ("/", "/opt/rosenblatt", "/var", "/etc", "/tmp") if is_writable(f)],
}))
"""


class CheckError(Exception):
    """The image does not do what it should; the message says what, in one sentence."""


def check(engine: Engine, image: str) -> dict[str, Any]:
    """Run the image, use it and stop it; what was measured.

    Raises:
        CheckError: it does not serve, is not locked down, or does not stop as it should.
        EngineError: the engine refuses.
    """
    name = f"rosenblatt-check-{secrets.token_hex(4)}"
    _check_closed(engine, image)
    started = time.monotonic()
    try:
        limited = _start(engine, image, name)
        port = int(engine.ask("port", name, "3000").splitlines()[0].rsplit(":", 1)[1])
        _wait_until_ready(engine, name, port)
        figures: dict[str, Any] = {"start_seconds": round(time.monotonic() - started, 1)}
        figures["memory_limit_bytes"] = _check_locks(engine, name, limited)
        _say(f"ready {figures['start_seconds']} s after its start")
        _check_answers(port)
        _check_health(engine, name)
        figures["tests"] = _run_tests(engine, name)
        figures["stop_seconds"] = _check_drain(engine, name, port)
    except (CheckError, EngineError):
        with contextlib.suppress(EngineError):
            engine.show("logs", "--tail", "50", name)
        raise
    finally:
        with contextlib.suppress(EngineError):
            engine.ask("rm", "--force", name)
    return figures


def _check_closed(engine: Engine, image: str) -> None:
    """That the image does not start where strangers may reach it without a key."""
    try:
        engine.ask("run", "--rm", *_LOCKED, image)
    except EngineError as error:
        if "ROSENBLATT_API_KEYS" not in str(error):
            raise
        _say("without API keys it does not start")
    else:
        raise CheckError("without API keys the container ended as if all were well")


def _start(engine: Engine, image: str, name: str) -> bool:
    """Start the container; True if its memory is limited."""
    mounts = {
        ROOT / "deploy/container/models/loans": f"{_MODELS}/loans",
        ROOT / "scripts": "/tests/scripts",
        EXAMPLES: "/tests/docs/examples",
    }
    options = ["--detach", "--name", name, *_LOCKED, "--publish", "127.0.0.1::3000"]
    # Only this machine reaches the port.
    options += ["--env", "ROSENBLATT_ALLOW_ANONYMOUS=true"]
    for source, target in mounts.items():
        options += ["--volume", f"{source}:{target}:ro"]
    try:
        engine.ask("run", *options, *_MEMORY_LIMIT, image)
        return True
    except EngineError as error:
        # Without a control group of its own a user cannot limit memory.
        if "memory" not in str(error).lower() and "cgroup" not in str(error).lower():
            raise
        _say(f"without a memory limit, since {error}")
        engine.ask("rm", "--force", name)
        engine.ask("run", *options, image)
        return False


def _wait_until_ready(engine: Engine, name: str, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if _ask(port, "GET", "/readyz")[0] == 200:
                return
        if engine.ask("inspect", "--format", "{{.State.Running}}", name) != "true":
            raise CheckError("the container ended at start")
        time.sleep(0.1)
    raise CheckError(f"the container was not ready in {_START_SECONDS} s")


def _check_locks(engine: Engine, name: str, limited: bool) -> int | None:
    """That the server runs as the flags say; the memory limit in force."""
    inside = json.loads(engine.ask("exec", name, "python", "-c", _INSIDE))
    expected = {
        "user": _USER, "capabilities": 0, "new_privileges": False, "seccomp": "2",
        "writable": ["/tmp"],
    }  # fmt: skip
    found = {key: inside[key] for key in expected}
    if found != expected:
        raise CheckError(f"inside the container {found} holds in place of {expected}")
    if limited and inside["memory"] != str(_MEMORY):
        raise CheckError(f"the memory limit is {inside['memory']} in place of {_MEMORY}")
    _say(f"user {_USER}, no capabilities, read-only but /tmp, memory limit {inside['memory']}")
    return _MEMORY if limited else None


def _check_answers(port: int) -> None:
    """A digit, and a row of a table from a model outside the image."""
    loan = json.dumps({"model": "loans", "instances": [LOAN]}).encode()
    for body, label in (((EXAMPLES / "seven.json").read_bytes(), "7"), (loan, "yes")):
        _expect_label(*_ask(port, "POST", "/predict", body), label)
    _say("a digit and a table's row are answered")


def _check_health(engine: Engine, name: str) -> None:
    """That the image's own health check passes."""
    if engine.name == "podman":  # it schedules checks with systemd alone
        engine.ask("healthcheck", "run", name)
    else:
        deadline = time.monotonic() + _START_SECONDS
        while engine.ask("inspect", "--format", "{{.State.Health.Status}}", name) != "healthy":
            if time.monotonic() > deadline:
                raise CheckError(f"docker does not call it healthy after {_START_SECONDS} s")
            time.sleep(0.5)
    _say("the health check passes")


def _run_tests(engine: Engine, name: str) -> list[str]:
    """Use everything from inside the image; the lines that say what was used."""
    url = "http://127.0.0.1:3000"
    inside = ["--workdir", "/tests", name, "python", "-m", "scripts.image_smoke", url]
    lines = engine.ask("exec", *inside, seconds=300).splitlines()
    for line in lines:
        _say(f"inside the image: {line}")
    return lines


def _check_drain(engine: Engine, name: str, port: int) -> float:
    """Stop the server while a request is on its way; the seconds until it ended.

    The second half of a body is sent after SIGTERM: the request must be answered, and the server
    end with status 0.
    """
    body = (EXAMPLES / "seven.json").read_bytes()
    half = len(body) // 2
    with socket.create_connection(("127.0.0.1", port), timeout=_STOP_SECONDS) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n" % len(body) + body[:half]
        )
        time.sleep(0.5)  # until the server has begun to read it
        started = time.monotonic()
        engine.ask("kill", "--signal", "TERM", name)
        time.sleep(1)
        connection.sendall(body[half:])
        response = http.client.HTTPResponse(connection)
        response.begin()
        _expect_label(response.status, response.read(), "7")
    status = engine.ask("wait", name, seconds=_STOP_SECONDS)
    if status != "0":
        raise CheckError(f"after SIGTERM it ended with status {status}")
    _say("SIGTERM under a running request: it is answered, and the status is 0")
    return round(time.monotonic() - started, 1)


def _ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"content-type": "application/json"} if body else {})
        response = connection.getresponse()
        return response.status, response.read()


def _expect_label(status: int, answer: bytes, label: str) -> None:
    if status != 200 or [p["label"] for p in json.loads(answer)["predictions"]] != [label]:
        raise CheckError(f"/predict answered {status} {answer[:300]!r} in place of {label!r}")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
