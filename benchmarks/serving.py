"""Requests per second: this service against stock BentoML, one image, one worker, one run.

The rounds of the two servers alternate, so that a slow minute of the machine hits both, and each
server is alone while it is measured. The peer runs in its own environment from a pinned file.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import Load, closed_loop
from benchmarks.models import processor
from contract.repository import audit, entries

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
MODEL = "digits-cnn"
CONNECTIONS = (1, 8)


@dataclass(frozen=True)
class Contender:
    """A server: where it starts, with which Python, and what one image looks like to it."""

    name: str
    directory: Path
    target: str
    field: str
    requirements: Path | None = None

    def python(self) -> Path:
        """The interpreter, in an environment of its own where the contender pins one."""
        if self.requirements is None:
            return Path(sys.executable)
        folder = ROOT / "build" / "peers" / self.directory.name
        python = folder / "bin" / "python"
        if not (folder / ".installed").exists():
            venv.create(folder, with_pip=True, clear=True)
            subprocess.run(
                [python, "-m", "pip", "install", "--quiet", "-r", self.requirements], check=True
            )
            (folder / ".installed").touch()
        return python


CONTENDERS = (
    Contender("rosenblatt", ROOT, "service.app:Rosenblatt", "instances"),
    Contender(
        "stock BentoML",
        PEERS / "stock_bentoml",
        "service:Stock",
        "images",
        PEERS / "stock_bentoml" / "requirements.txt",
    ),
)


def main(target: Path, rounds: int, seconds: int) -> None:
    entry = next(e for e in entries(ROOT / "models") if e.name == MODEL)
    golden = audit(entry).golden
    runs: dict[str, dict[int, list[Load]]] = {
        c.name: {n: [] for n in CONNECTIONS} for c in CONTENDERS
    }
    for _ in range(rounds):
        for contender in CONTENDERS:
            body = json.dumps({contender.field: golden.images[:1].tolist()}).encode()
            with running(contender, entry.path / "model.onnx") as address:
                url = f"{address}/predict"
                check(url, body, int(golden.label[0]))
                closed_loop(url, [body], connections=8, seconds=2)  # warm up
                for connections in CONNECTIONS:
                    load = closed_loop(url, [body], connections, seconds)
                    runs[contender.name][connections].append(load)
                    print(contender.name, connections, load, flush=True)
    document = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "request": f"one image as JSON, {MODEL}, one worker",
        "rounds": rounds,
        "seconds": seconds,
        "runs": [
            {"server": name, "connections": n, **summary(loads), "each": list(map(asdict, loads))}
            for name, by_connections in runs.items()
            for n, loads in by_connections.items()
        ],
        "ratio_at_8_connections": ratio(runs, 8),
    }
    target.write_text(json.dumps(document, indent=2) + "\n")
    print(f"rosenblatt / stock BentoML at 8 connections: {document['ratio_at_8_connections']}")


def summary(loads: list[Load]) -> dict[str, Any]:
    rates = [load.requests_per_second for load in loads]
    return {
        "requests_per_second": round(statistics.median(rates), 1),
        "spread": [min(rates), max(rates)],
        "p99_ms": round(statistics.median(load.p99 for load in loads), 2),
        "errors": sum(load.errors for load in loads),
    }


def ratio(runs: dict[str, dict[int, list[Load]]], connections: int) -> float:
    ours, theirs = (
        statistics.median(load.requests_per_second for load in runs[c.name][connections])
        for c in CONTENDERS
    )
    return round(ours / theirs, 2)


@contextmanager
def running(contender: Contender, model: Path) -> Iterator[str]:
    """Start a contender, yield its address, stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [contender.python(), "-m", "bentoml", "serve", contender.target,
         "--host", "127.0.0.1", "--port", str(port)],
        cwd=contender.directory,
        env={**os.environ, "MODEL": str(model), "BENTOML_DO_NOT_TRACK": "true"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait(f"http://127.0.0.1:{port}/readyz", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server for {url} ended at start")
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{url} was not ready in a minute")


def check(url: str, body: bytes, label: int) -> None:
    """A fast wrong answer is no result."""
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        document = json.load(answer)
    if isinstance(document, dict):
        answered = int(document["predictions"][0]["label"])
    else:
        answered = max(range(10), key=document[0].__getitem__)
    if answered != label:
        raise RuntimeError(f"{url} answered {answered} for a {label}")
