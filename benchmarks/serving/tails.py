"""Tail latencies: an open loop at a share of the contender's closed-loop capacity."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.load import closed_loop
from benchmarks.open_loop import Outcome, open_loop
from benchmarks.serving.contenders import Contender, ours
from benchmarks.serving.process import Running, check, running
from benchmarks.serving.requests import Request, request_of
from benchmarks.serving.rounds import checked_requests, gather
from benchmarks.serving.subject import Subject

SHARES = (0.5, 0.7, 0.9)
# Requests per second for the comparison at equal rates, of the servers with enough capacity.
RATES = (200, 500, 1000, 1500)
MOST_OF_CAPACITY = 0.9
STEADY_SHARE, STEADY_SECONDS, STEADY_LIMIT_MS = 0.5, 60, 50.0
_CAPACITY_SECONDS = 3
# Server, kind, and either the share of its own capacity or the rate that is equal for all.
_Key = tuple[str, str, float | None, float | None]
# A peer is compared with this service on the same kind of request.
_KINDS = ("json", "v2-json")


def measure(
    subject: Subject, rounds: int, seconds: int, names: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Measure every contender; one row per contender, kind and share, with medians over rounds."""
    found = gather(rounds, names, lambda one: _round(one, subject, seconds))
    return [_row(*key, each) for key, each in found.items()]


def split(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows at shares of each server's own capacity, and those at rates equal for all."""
    return [r for r in rows if r["share"]], [r for r in rows if not r["share"]]


def steady(subject: Subject) -> dict[str, Any]:
    """Run this service for a minute at half its capacity; `over` counts slow requests."""
    contender = ours()
    with running(contender, subject.model) as server:
        request = request_of("json", contender.paths["json"], subject.golden)
        check(server, request)
        rate = STEADY_SHARE * capacity(server, request)
        outcome = load_at(server, request, rate, STEADY_SECONDS)
    over = sum(taken * 1e3 > STEADY_LIMIT_MS for taken in outcome.latencies)
    return outcome.summary() | {"limit_ms": STEADY_LIMIT_MS, "over": over}


def capacity(server: Running, request: Request, connections: int = 8) -> float:
    """Requests per second in a closed loop after a warm-up."""
    url = server.url(request.path)
    closed_loop(url, [request.body], connections, 1, request.headers)
    load = closed_loop(url, [request.body], connections, _CAPACITY_SECONDS, request.headers)
    return load.requests_per_second


def load_at(server: Running, request: Request, rate: float, seconds: float) -> Outcome:
    """Run an open loop at `rate` requests per second."""
    return open_loop(server.port, request.http, request.check, rate, seconds)


def _round(
    contender: Contender, subject: Subject, seconds: int
) -> list[tuple[_Key, dict[str, Any]]]:
    made: list[tuple[_Key, dict[str, Any]]] = []
    with running(contender, subject.model) as server:
        for kind, request in checked_requests(server, contender, subject, _KINDS):
            most = capacity(server, request)
            for share in SHARES:
                one = load_at(server, request, share * most, seconds).summary()
                made.append(((contender.name, kind, share, None), one))
            for rate in RATES:
                if rate <= MOST_OF_CAPACITY * most:
                    one = load_at(server, request, rate, seconds).summary()
                    made.append(((contender.name, kind, None, rate), one))
    return made


def _row(
    name: str, kind: str, share: float | None, equal: float | None, each: list[dict[str, Any]]
) -> dict[str, Any]:
    taken = {
        what: round(statistics.median(one[what] for one in each), 3)
        for what in ("rate", "p50_ms", "p99_ms", "p999_ms", "max_ms")
    }
    errors = sum(n for one in each for status, n in one["statuses"].items() if status != "200")
    return {
        "server": name, "kind": kind, "share": share, "equal_rate": equal, **taken,
        "errors": errors, "each": each,
    }  # fmt: skip
