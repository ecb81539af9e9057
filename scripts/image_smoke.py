"""`python -m scripts.image_smoke [URL]`: use every part of an installation that serves.

It asks every operation of the server's OpenAPI document, resolves every import of the packages
and runs the commands, so it fails where a package or a file was left out of an image. It needs the
serving set alone. Beside the committed models the server must have the model `loans` of
`deploy/container/models`. Without a URL a server is started for it; another one, with the access
log and tracing on, is started in either case.

Exit status: 0 everything works, 1 something does not, as the last line says.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.image_smoke_imports import unresolved
from scripts.image_smoke_routes import Client, SmokeError, use_every_operation

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
_START_SECONDS = 60
_COMMAND_SECONDS = 120
# One worker; under strace everything takes longer.
_PATIENT = {"ROSENBLATT_WORKERS": "1", "ROSENBLATT_TIMEOUT_SECONDS": "120"}
# BentoML's middlewares answer only with tracing on.
_MIDDLEWARES = {
    "ROSENBLATT_ACCESS_LOG": "true",
    "ROSENBLATT_LOG_FORMAT": "json",
    "ROSENBLATT_TRACING": "true",
}


def main(arguments: list[str]) -> int:
    """Use everything; the exit status."""
    try:
        if missing := unresolved():
            raise SmokeError(f"{len(missing)} imports cannot be resolved: {'; '.join(missing)}")
        _say("every import of the packages is resolved")
        if arguments:
            _use(arguments[0], "the server")
        else:
            with _server({}) as url:
                _use(url, "a server")
        with _server(_MIDDLEWARES) as url:
            _use(url, "a server with the access log and tracing on")
        _run_commands()
    except (SmokeError, OSError) as error:
        _say(f"failed: {error}")
        return 1
    return 0


def _use(url: str, what: str) -> None:
    asked = use_every_operation(Client(url), EXAMPLES)
    _say(f"{what} answered {asked} requests to all its operations")


@contextmanager
def _server(variables: dict[str, str]) -> Iterator[str]:
    """The URL of a server of one worker with these variables."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.serve", "--port", str(port)],
            env={**os.environ, **_PATIENT, **variables},
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process)
            yield url
        except SmokeError as error:
            log.seek(0)
            raise SmokeError(f"{error}; its log ends with {log.read()[-2000:]!r}") from error
        finally:
            process.terminate()
            status = process.wait(60)
    if status != 0:
        raise SmokeError(f"a server ended with status {status}")


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    client, deadline = Client(url), time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.ask("GET", "/readyz").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SmokeError(f"a server was not ready in {_START_SECONDS} s")


def _run_commands() -> None:
    """The commands that need no server; each ends with status 0."""
    import polars as pl

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pl.read_csv(EXAMPLES / "loans.csv").write_parquet(folder / "loans.parquet")
        rows = [{"age": 30.0, "income": 1500.0, "town": "Oslo"}]
        pl.DataFrame(rows).write_csv(folder / "rows.csv")
        commands = [
            ["--version"],
            ["doctor", "--port", "0"],
            ["recommend", "--modality", "image", "--task", "classification"],
            ["profile", str(folder / "loans.parquet"), "--target", "approved"],
            ["score", str(EXAMPLES), str(folder / "digits.parquet"), "--on-error", "null"],
            ["score", str(folder / "rows.csv"), str(folder / "scored.parquet"), "--model", "loans"],
        ]
        for command in commands:
            _run(command)
        (label,) = pl.read_parquet(folder / "scored.parquet")["label"]
        if label not in ("yes", "no"):
            raise SmokeError(f"score answered {label!r} for a row of loans")
    _say(f"{len(commands)} commands ended with status 0")


def _run(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rosenblatt", *command],
        capture_output=True, text=True, timeout=_COMMAND_SECONDS,
    )  # fmt: skip
    if done.returncode != 0:
        words = (done.stderr or done.stdout)[-2000:]
        raise SmokeError(f"`rosenblatt {' '.join(command)}` ended with {done.returncode}: {words}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
