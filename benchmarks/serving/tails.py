"""Tails: evenly spaced requests, at a share of what the same contender does in a closed loop."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.load import closed_loop
from benchmarks.open_loop import Outcome, open_loop
from benchmarks.serving.contenders import Contender, ours
from benchmarks.serving.process import Running, ask, running
from benchmarks.serving.questions import Question, question
from benchmarks.serving.rounds import gather, questions
from benchmarks.serving.subject import Subject

SHARES = (0.5, 0.7, 0.9)
# Requests a second at which the servers are put side by side, those that can do as much.
RATES = (200, 500, 1000, 1500)
MOST_OF_CAPACITY = 0.9
STEADY_SHARE, STEADY_SECONDS, STEADY_LIMIT_MS = 0.5, 60, 50.0
_CAPACITY_SECONDS = 3
# Server, question, share of its own capacity or else the rate equal for all.
_Key = tuple[str, str, float | None, float | None]
# How each contender is asked; ours in both ways, for a peer is compared with the same question.
_ASKED = ("json", "v2-json")


def measure(
    subject: Subject, rounds: int, seconds: int, names: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """A row per contender, question and share: medians over the rounds."""
    found = gather(rounds, names, lambda one: _round(one, subject, seconds))
    return [_row(*key, each) for key, each in found.items()]


def split(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows at shares of each server's own capacity, and those at rates equal for all."""
    return [r for r in rows if r["share"]], [r for r in rows if not r["share"]]


def steady(subject: Subject) -> dict[str, Any]:
    """A minute of ours at half of its capacity: how many requests took longer than the limit."""
    contender = ours()
    with running(contender, subject.model) as server:
        asked = question("json", contender.asked["json"], subject.golden)
        ask(server, asked)
        rate = STEADY_SHARE * capacity(server, asked)
        outcome = ask_at(server, asked, rate, STEADY_SECONDS)
    over = sum(taken * 1e3 > STEADY_LIMIT_MS for taken in outcome.latencies)
    return outcome.summary() | {"limit_ms": STEADY_LIMIT_MS, "over": over}


def capacity(server: Running, asked: Question, connections: int = 8) -> float:
    """Requests per second in a closed loop after a warm-up."""
    url = server.url(asked.path)
    closed_loop(url, [asked.body], connections, 1, asked.headers)
    load = closed_loop(url, [asked.body], connections, _CAPACITY_SECONDS, asked.headers)
    return load.requests_per_second


def ask_at(server: Running, asked: Question, rate: float, seconds: float) -> Outcome:
    """One open loop."""
    return open_loop(server.port, asked.http, asked.right, rate, seconds)


def _round(
    contender: Contender, subject: Subject, seconds: int
) -> list[tuple[_Key, dict[str, Any]]]:
    made: list[tuple[_Key, dict[str, Any]]] = []
    with running(contender, subject.model) as server:
        for kind, asked in questions(server, contender, subject, _ASKED):
            most = capacity(server, asked)
            for share in SHARES:
                one = ask_at(server, asked, share * most, seconds).summary()
                made.append(((contender.name, kind, share, None), one))
            for rate in RATES:
                if rate <= MOST_OF_CAPACITY * most:
                    one = ask_at(server, asked, rate, seconds).summary()
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
        "server": name, "asked": kind, "share": share, "equal_rate": equal, **taken,
        "errors": errors, "each": each,
    }  # fmt: skip
