"""What the guards of connections and requests cost: throughput against an earlier commit.

Three servers run at the same time: the earlier commit, this one, and this one with an API key. One
of them is measured at a time, in rounds of short measurements whose order turns around, so that a
busy moment of the machine does not decide. The figures are medians over the ratios of the rounds.
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
from typing import Any, NamedTuple

from benchmarks.load import closed_loop
from benchmarks.models import processor
from benchmarks.serving.contenders import ROOT, ours
from benchmarks.serving.process import Running, check, running
from benchmarks.serving.requests import Request, request_of
from benchmarks.serving.subject import Subject, subject
from service.api_keys import new_key

# The last commit without guards of connections.
BASE = "f9c9a99"
BAR = 0.95
KINDS = ("json", "binary", "binary-64")
_CONNECTIONS = 8
_WARM_UP_SECONDS = 2
BEFORE, NOW, KEYED = "before", "now", "with a key"


class _Cost(NamedTuple):
    """Requests per second, and microseconds of CPU time of the server per request."""

    rate: float
    cpu_us: float


class _Side(NamedTuple):
    """A server that is compared, and the headers it needs beside those of the request."""

    server: Running
    headers: dict[str, str]

    def ready(self, request: Request) -> Request:
        """The request with these headers."""
        return replace(request, headers={**request.headers, **self.headers})


def main(out: Path, rounds: int, seconds: int) -> int:
    """Measure, write the figures; 1 if a bar is missed.

    Args:
        rounds: pairs of measurements for each kind of request.
        seconds: of one measurement.
    """
    subject_ = subject()
    with ExitStack() as stack:
        folder = stack.enter_context(_checkout(BASE))
        key, entry = new_key()
        keyed = {**ours().environment, "ROSENBLATT_API_KEYS": entry}
        contenders = {
            BEFORE: (replace(ours(), folder=folder), {}),
            NOW: (ours(), {}),
            KEYED: (replace(ours(), environment=keyed), {"authorization": f"Bearer {key}"}),
        }
        sides = {
            name: _Side(stack.enter_context(running(contender, subject_.model)), headers)
            for name, (contender, headers) in contenders.items()
        }
        for name, side in sides.items():
            _require_own_code(side.server, folder if name == BEFORE else ROOT)
        rows = [row for kind in KINDS for row in _measure(kind, sides, subject_, rounds, seconds)]
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
    kind: str, sides: Mapping[str, _Side], subject_: Subject, rounds: int, seconds: int
) -> list[dict[str, Any]]:
    """Measure one kind of request in rounds; a row of the results for each server of today."""
    request = request_of(kind, ours().paths[kind], subject_.golden)
    for side in sides.values():
        check(side.server, side.ready(request))
        _load(side, request, _WARM_UP_SECONDS)
    names = list(sides)
    measured = []
    for turn in range(rounds):
        order = names if turn % 2 == 0 else names[::-1]
        measured.append({name: _load(sides[name], request, seconds) for name in order})
    rows = [_row(kind, name, measured) for name in names if name != BEFORE]
    for row in rows:
        print(row, flush=True)
    return rows


def _load(side: _Side, request: Request, seconds: int) -> _Cost:
    server, request = side.server, side.ready(request)
    used = server.cpu_seconds()
    url = server.url(request.path)
    load = closed_loop(url, [request.body], _CONNECTIONS, seconds, request.headers)
    if load.errors:
        raise RuntimeError(f"{load.errors} errors from {server.address}")
    return _Cost(load.requests_per_second, (server.cpu_seconds() - used) / load.requests * 1e6)


def _row(kind: str, name: str, rounds: list[dict[str, _Cost]]) -> dict[str, Any]:
    """The server `name` against the earlier commit."""
    before, now = [one[BEFORE] for one in rounds], [one[name] for one in rounds]
    ratios = [b.rate / a.rate for a, b in zip(before, now, strict=True)]
    low, high = statistics.quantiles(ratios, n=4)[::2]
    cpu_ratios = [b.cpu_us / a.cpu_us for a, b in zip(before, now, strict=True)]
    return {
        "kind": kind,
        "server": name,
        "before": round(statistics.median(one.rate for one in before), 1),
        "now": round(statistics.median(one.rate for one in now), 1),
        "ratio": round(statistics.median(ratios), 3),
        "quartiles": [round(low, 3), round(high, 3)],
        "cpu_us_before": round(statistics.median(one.cpu_us for one in before), 1),
        "cpu_us_now": round(statistics.median(one.cpu_us for one in now), 1),
        "cpu_ratio": round(statistics.median(cpu_ratios), 3),
    }
