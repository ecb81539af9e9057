"""Throughput of several servers of this service against the first, in one run.

All servers run at the same time, and one of them is measured at a time, in rounds of short
measurements whose order turns around, so that a busy moment of the machine does not decide. The
figures are medians over the ratios of the rounds.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.load import closed_loop
from benchmarks.serving.contenders import ROOT, ours
from benchmarks.serving.process import Running, check, running
from benchmarks.serving.requests import Request, request_of
from benchmarks.serving.subject import Subject

CONNECTIONS = 8
_WARM_UP_SECONDS = 2


@dataclass(frozen=True)
class Side:
    """A server to compare.

    Attributes:
        folder: the checkout whose code runs.
        environment: variables beside those of every benchmark of this service.
        headers: of every request, beside the request's own.
    """

    folder: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Cost(NamedTuple):
    """Requests per second, and microseconds of CPU time of the server per request."""

    rate: float
    cpu_us: float


class Started(NamedTuple):
    """A server that runs, and the headers of its requests."""

    server: Running
    headers: Mapping[str, str]

    def check(self, request: Request) -> None:
        """Send the request once.

        Raises:
            RuntimeError: the labels are wrong.
        """
        check(self.server, self._own(request))

    def load(self, request: Request, seconds: int) -> Cost:
        """Measure for some seconds.

        Raises:
            RuntimeError: a request failed.
        """
        own, used = self._own(request), self.server.cpu_seconds()
        url = self.server.url(own.path)
        load = closed_loop(url, [own.body], CONNECTIONS, seconds, own.headers)
        if load.errors:
            raise RuntimeError(f"{load.errors} errors from {self.server.address}")
        used = self.server.cpu_seconds() - used
        return Cost(load.requests_per_second, used / load.requests * 1e6)

    def _own(self, request: Request) -> Request:
        return replace(request, headers={**request.headers, **self.headers})


@contextmanager
def started(sides: Mapping[str, Side], subject: Subject) -> Iterator[dict[str, Started]]:
    """Start all servers and wait until they serve."""
    with ExitStack() as stack:
        found = {}
        for name, side in sides.items():
            environment = {**ours().environment, **side.environment}
            contender = replace(ours(), folder=side.folder, environment=environment)
            server = stack.enter_context(running(contender, subject.model))
            _require_own_code(server, side.folder)
            found[name] = Started(server, side.headers)
        yield found


def _require_own_code(server: Running, folder: Path) -> None:
    """Raise RuntimeError unless the server runs in its checkout: all have the same name."""
    if Path(f"/proc/{server.pid}/cwd").resolve() != folder.resolve():
        raise RuntimeError(f"the server does not run in {folder}")


def compare(
    kind: str, sides: Mapping[str, Started], subject: Subject, rounds: int, seconds: int
) -> list[dict[str, Any]]:
    """Measure a kind of request; a row of figures for each server but the first.

    Args:
        rounds: measurements of each server.
        seconds: of one measurement.
    """
    request = request_of(kind, ours().paths[kind], subject.golden)
    for side in sides.values():
        side.check(request)
        side.load(request, _WARM_UP_SECONDS)
    first, *others = sides
    measured = []
    for turn in range(rounds):
        order = [first, *others] if turn % 2 == 0 else [*reversed(others), first]
        measured.append({name: sides[name].load(request, seconds) for name in order})
    base = [one[first] for one in measured]
    rows = [_row(kind, name, base, [one[name] for one in measured]) for name in others]
    for row in rows:
        print(row, flush=True)
    return rows


def _row(kind: str, name: str, base: list[Cost], found: list[Cost]) -> dict[str, Any]:
    ratios = [own.rate / other.rate for other, own in zip(base, found, strict=True)]
    cpu_ratios = [own.cpu_us / other.cpu_us for other, own in zip(base, found, strict=True)]
    low, high = statistics.quantiles(ratios, n=4)[::2]
    return {
        "kind": kind,
        "server": name,
        "base_rate": round(statistics.median(one.rate for one in base), 1),
        "rate": round(statistics.median(one.rate for one in found), 1),
        "ratio": round(statistics.median(ratios), 3),
        "quartiles": [round(low, 3), round(high, 3)],
        "cpu_us": round(statistics.median(one.cpu_us for one in found), 1),
        "cpu_ratio": round(statistics.median(cpu_ratios), 3),
    }
