"""What the guards of connections and requests cost: throughput against an earlier commit.

Both versions run from their own checkouts at the same time, and one of them is measured at a time:
pairs of short measurements, in reverse order every second pair, so that a busy moment of the
machine does not decide. The figures are medians over the ratios of the pairs.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.load import closed_loop
from benchmarks.models import processor
from benchmarks.serving.contenders import ROOT, ours
from benchmarks.serving.process import Running, check, running
from benchmarks.serving.requests import Request, request_of
from benchmarks.serving.subject import Subject, subject

# The last commit without guards of connections.
BASE = "f9c9a99"
BAR = 0.95
KINDS = ("json", "binary", "binary-64")
_CONNECTIONS = 8
_WARM_UP_SECONDS = 2


def main(out: Path, rounds: int, seconds: int) -> int:
    """Measure, write the figures; 1 if a bar is missed.

    Args:
        rounds: pairs of measurements for each kind of request.
        seconds: of one measurement.
    """
    subject_ = subject()
    with ExitStack() as stack:
        folder = stack.enter_context(_checkout(BASE))
        servers = {
            name: stack.enter_context(running(contender, subject_.model))
            for name, contender in (("before", replace(ours(), folder=folder)), ("now", ours()))
        }
        _require_own_code(servers["before"], folder)
        _require_own_code(servers["now"], ROOT)
        rows = [_measure(kind, servers, subject_, rounds, seconds) for kind in KINDS]
    document: dict[str, Any] = {
        "processor": processor(), "cores": os.cpu_count(), "base": BASE, "rounds": rounds,
        "connections": _CONNECTIONS, "seconds": seconds, "bar": BAR, "rows": rows,
    }  # fmt: skip
    out.write_text(json.dumps(document, indent=1) + "\n")
    return 0 if all(row["ratio"] >= BAR for row in rows) else 1


@contextmanager
def _checkout(revision: str) -> Iterator[Path]:
    """The files of a revision in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(
            ["git", "archive", revision, "contract", "guide", "models", "profiler", "service"],
            cwd=ROOT, check=True, capture_output=True,
        ).stdout  # fmt: skip
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        yield Path(folder)


def _require_own_code(server: Running, folder: Path) -> None:
    """Raise RuntimeError unless the server runs in its checkout: both have the same name."""
    if Path(f"/proc/{server.pid}/cwd").resolve() != folder.resolve():
        raise RuntimeError(f"the server does not run in {folder}")


def _measure(
    kind: str, servers: Mapping[str, Running], subject_: Subject, rounds: int, seconds: int
) -> dict[str, Any]:
    """Measure one kind of request in pairs; one row of the results."""
    request = request_of(kind, ours().paths[kind], subject_.golden)
    for server in servers.values():
        check(server, request)
        _load(server, request, _WARM_UP_SECONDS)
    names = list(servers)
    pairs = []
    for turn in range(rounds):
        order = names if turn % 2 == 0 else names[::-1]
        pairs.append({name: _load(servers[name], request, seconds) for name in order})
    row = _row(kind, pairs)
    print(row, flush=True)
    return row


def _load(server: Running, request: Request, seconds: int) -> tuple[float, float]:
    """Requests per second, and microseconds of CPU time of the server per request."""
    used = server.cpu_seconds()
    url = server.url(request.path)
    load = closed_loop(url, [request.body], _CONNECTIONS, seconds, request.headers)
    if load.errors:
        raise RuntimeError(f"{load.errors} errors from {server.address}")
    return load.requests_per_second, (server.cpu_seconds() - used) / load.requests * 1e6


def _row(kind: str, pairs: list[dict[str, tuple[float, float]]]) -> dict[str, Any]:
    ratios = [pair["now"][0] / pair["before"][0] for pair in pairs]
    low, high = statistics.quantiles(ratios, n=4)[::2]
    return {
        "kind": kind,
        "before": round(statistics.median(pair["before"][0] for pair in pairs), 1),
        "now": round(statistics.median(pair["now"][0] for pair in pairs), 1),
        "ratio": round(statistics.median(ratios), 3),
        "quartiles": [round(low, 3), round(high, 3)],
        "cpu_us_before": round(statistics.median(pair["before"][1] for pair in pairs), 1),
        "cpu_us_now": round(statistics.median(pair["now"][1] for pair in pairs), 1),
        "cpu_ratio": round(
            statistics.median(pair["now"][1] / pair["before"][1] for pair in pairs), 3
        ),
    }
