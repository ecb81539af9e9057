"""What the service must reach, and whether it did, from the three files of results."""

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
# Requests per second over a peer's at 8 connections: the question, the peer, the least ratio.
SPEED = (
    ("json", "FastAPI + pydantic", 1.4),
    ("json", "stock BentoML", 5.0),
    ("json", "LitServe", 3.0),
    ("v2-json", "MLServer", 2.2),
    ("binary", "bare Starlette", 1.0),
)
CONNECTIONS = 8
# Whose tail ours must not exceed, each at this share of its own capacity.
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
# Seconds of an overload after which memory must stay as it is.
SETTLED = 5


@dataclass(frozen=True)
class Bar:
    """One bar: `measured` must be at least, or at most, `limit`, without a single error of ours.

    Attributes:
        spread: the least and the most of single rounds, where there are several.
    """

    what: str
    measured: float
    relation: Literal["at least", "at most"]
    limit: float
    errors: int = 0
    spread: tuple[float, float] | None = None

    @property
    def held(self) -> bool:
        """Whether it was reached."""
        if self.errors:
            return False
        if self.relation == "at least":
            return self.measured >= self.limit
        return self.measured <= self.limit


def bars(closed: Document, tails: Document, overload: Document) -> list[Bar]:
    """Every bar."""
    return [*_speed(closed), *_tails(tails), *_overload(overload)]


def ratio(closed: Document, kind: str, peer: str) -> float:
    """Our requests per second over a peer's, the same question: the median over the rounds."""
    return statistics.median(_ratios(closed, kind, peer))


def _ratios(closed: Document, kind: str, peer: str) -> list[float]:
    """Of each round; the in-process loop has one connection to nobody."""
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
    what = f"longest of {steady['seconds']} s at half of the capacity, ms"
    return [*found, Bar(what, steady["max_ms"], "at most", steady["limit_ms"], errors)]


def _overload(overload: Document) -> list[Bar]:
    settled = overload["resident_mib"][SETTLED:]
    unhealthy = sum(n for status, n in overload["health"].items() if status != "200")
    return [
        Bar("overload: answers neither right nor an honest 429 or 503", overload["dishonest"],
            "at most", 0),
        Bar("overload: p99 of what is accepted over p99 without load", overload["p99_ratio"],
            "at most", P99_TIMES),
        Bar("overload: resident memory, most over that after 5 s", round(
            max(settled) / settled[0], 3), "at most", MEMORY_TIMES),
        Bar("overload: health not answered", unhealthy, "at most", 0),
    ]  # fmt: skip


def _closed(closed: Document, name: str, kind: str, connections: int) -> Document:
    wanted = (name, kind, connections)
    return next(
        row for row in closed["rows"] if (row["server"], row["asked"], row["connections"]) == wanted
    )


def _tail(tails: Document, name: str, kind: str) -> Document:
    wanted = (name, kind, TAIL_SHARE)
    return next(
        row for row in tails["rows"] if (row["server"], row["asked"], row["share"]) == wanted
    )
