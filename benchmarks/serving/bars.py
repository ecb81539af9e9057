"""The bars for the service, checked against the three files of results."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.serving.contenders import OURS

Document = Mapping[str, Any]

# The parts of the measurement; each writes `docs/results/serving_<part>.json`.
PARTS = ("closed", "tails", "overload")

LOOP = "in-process loop"
# Least ratio of our requests per second to a peer's at 8 connections: (kind, peer, ratio).
SPEED = (
    ("json", "FastAPI + pydantic", 1.4),
    ("json", "stock BentoML", 5.0),
    ("json", "LitServe", 3.0),
    ("v2-json", "MLServer", 2.2),
    ("binary", "bare Starlette", 1.0),
)
CONNECTIONS = 8
# Our p99 must not exceed the p99 of these peers, each at TAIL_SHARE of its own capacity.
TAILS = (
    ("json", "FastAPI + pydantic"),
    ("json", "stock BentoML"),
    ("json", "LitServe"),
    ("json", "Ray Serve"),
    ("v2-json", "MLServer"),
)
TAIL_SHARE = 0.7
LOOP_SHARE = 0.9
P99_TIMES = 5.0
MEMORY_TIMES = 1.05
# Seconds of an overload after which memory must not grow.
SETTLED = 5


@dataclass(frozen=True)
class Bar:
    """One bar: `measured` must be at least, or at most, `limit`, and there must be no errors.

    Attributes:
        errors: failed requests of this service in the measurement.
        spread: lowest and highest value of the single rounds, if there are several.
    """

    what: str
    measured: float
    relation: Literal["at least", "at most"]
    limit: float
    errors: int = 0
    spread: tuple[float, float] | None = None

    @property
    def held(self) -> bool:
        """True if the bar was reached."""
        if self.errors:
            return False
        if self.relation == "at least":
            return self.measured >= self.limit
        return self.measured <= self.limit


def bars(closed: Document, tails: Document, overload: Document) -> list[Bar]:
    """All bars, from the results of the three parts."""
    return [*_speed(closed), *_tails(tails), *_overload(overload)]


def ratio(closed: Document, kind: str, peer: str) -> float:
    """Ratio of our requests per second to a peer's for one kind: the median over the rounds."""
    return statistics.median(_ratios(closed, kind, peer))


def _ratios(closed: Document, kind: str, peer: str) -> list[float]:
    """The ratio in each round; the in-process loop counts as one connection."""
    ours = _closed(closed, OURS, kind, CONNECTIONS)["each"]
    theirs = _closed(closed, peer, kind, 1 if peer == LOOP else CONNECTIONS)["each"]
    what = "requests_per_second"
    return [float(one[what] / other[what]) for one, other in zip(ours, theirs, strict=True)]


def _speed(closed: Document) -> list[Bar]:
    found = []
    for kind, peer, limit in (*SPEED, ("binary-64", LOOP, LOOP_SHARE)):
        each = _ratios(closed, kind, peer)
        errors = _closed(closed, OURS, kind, CONNECTIONS)["errors"]
        what = "images/s" if peer == LOOP else "requests/s"
        found.append(
            Bar(f"`{kind}`, {what} over {peer}", statistics.median(each), "at least", limit,
                errors, (min(each), max(each)))
        )  # fmt: skip
    return found


def _tails(tails: Document) -> list[Bar]:
    found = []
    for kind, peer in TAILS:
        ours, theirs = (_tail(tails, name, kind) for name in (OURS, peer))
        what = f"`{kind}`, p99 at {TAIL_SHARE:.0%} of its own capacity over {peer}'s"
        measured = ours["p99_ms"] / theirs["p99_ms"]
        found.append(Bar(what, measured, "at most", 1.0, ours["errors"]))
    steady = tails["steady"]
    errors = sum(n for status, n in steady["statuses"].items() if status != "200")
    what = f"longest latency in {steady['seconds']} s at half the capacity, ms"
    return [*found, Bar(what, steady["max_ms"], "at most", steady["limit_ms"], errors)]


def _overload(overload: Document) -> list[Bar]:
    settled, each = overload["resident_mib"][SETTLED:], overload["p99_ratios"]
    unhealthy = sum(n for status, n in overload["health"].items() if status != "200")
    return [
        Bar("overload: responses other than a correct 200, a 429 or a 503", overload["unexpected"],
            "at most", 0),
        Bar("overload: p99 of accepted requests over p99 without load", overload["p99_ratio"],
            "at most", P99_TIMES, spread=(min(each), max(each))),
        Bar("overload: peak resident memory over that after 5 s", round(
            max(settled) / settled[0], 3), "at most", MEMORY_TIMES),
        Bar("overload: failed health requests", unhealthy, "at most", 0),
    ]  # fmt: skip


def _closed(closed: Document, name: str, kind: str, connections: int) -> Document:
    wanted = (name, kind, connections)
    return next(
        row for row in closed["rows"] if (row["server"], row["kind"], row["connections"]) == wanted
    )


def _tail(tails: Document, name: str, kind: str) -> Document:
    wanted = (name, kind, TAIL_SHARE)
    return next(
        row for row in tails["rows"] if (row["server"], row["kind"], row["share"]) == wanted
    )
