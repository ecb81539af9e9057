"""Throughput of several servers of this service against the first, in one run.

All servers run at the same time, and one of them is measured at a time, in rounds of short
measurements, so that a busy moment of the machine does not decide. They are started anew several
times: two processes of the same code differ by up to a tenth for as long as they live. The order in
which they start, and that of each round, are drawn: a fixed one, even if it turns around, favours
some by a fiftieth. The figures are medians over the starts, of the median ratio of each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

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


class Effort(NamedTuple):
    """How much is measured.

    starts: of all servers; rounds: measurements of each server and kind after each start; seconds:
    of one measurement.
    """

    starts: int
    rounds: int
    seconds: int


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
        for name in _drawn(sides):
            side = sides[name]
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
    kinds: Sequence[str],
    sides: Mapping[str, Side],
    subject: Subject,
    effort: Effort,
    require: Callable[[Mapping[str, Started]], None] = lambda servers: None,
) -> list[dict[str, Any]]:
    """Measure kinds of requests; a row of figures for each kind and each server but the first.

    Args:
        require: raises if a server does not do what it is measured for.
    """
    first, *others = sides
    found: dict[str, list[list[dict[str, Cost]]]] = {kind: [] for kind in kinds}
    for start in range(1, effort.starts + 1):
        print(f"start {start} of {effort.starts}", file=sys.stderr, flush=True)
        with started(sides, subject) as servers:
            require(servers)
            for kind in kinds:
                request = request_of(kind, ours().paths[kind], subject.golden)
                found[kind].append(_rounds(request, servers, effort))
    rows = [_row(kind, first, name, found[kind]) for kind in kinds for name in others]
    for row in rows:
        print(row, flush=True)
    return rows


def _rounds(
    request: Request, servers: Mapping[str, Started], effort: Effort
) -> list[dict[str, Cost]]:
    for server in servers.values():
        server.check(request)
        server.load(request, _WARM_UP_SECONDS)
    return [
        {name: servers[name].load(request, effort.seconds) for name in _drawn(servers)}
        for _ in range(effort.rounds)
    ]


def _drawn(names: Iterable[str]) -> list[str]:
    """The names in an order that is drawn at random."""
    order: list[str] = np.random.default_rng().permutation(list(names)).tolist()
    return order


def _row(kind: str, first: str, name: str, starts: list[list[dict[str, Cost]]]) -> dict[str, Any]:
    ratios = [median(one[name].rate / one[first].rate for one in rounds) for rounds in starts]
    cpu = [median(one[name].cpu_us / one[first].cpu_us for one in rounds) for rounds in starts]
    every = [one for rounds in starts for one in rounds]
    return {
        "kind": kind,
        "server": name,
        "base_rate": round(median(one[first].rate for one in every), 1),
        "rate": round(median(one[name].rate for one in every), 1),
        "ratio": round(median(ratios), 3),
        "ratios": sorted(round(ratio, 3) for ratio in ratios),
        "cpu_us": round(median(one[name].cpu_us for one in every), 1),
        "cpu_ratio": round(median(cpu), 3),
    }
