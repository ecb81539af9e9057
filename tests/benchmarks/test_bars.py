"""The bars of the serving benchmark, from made-up results: each can be met and can be missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks.serving.bars import LOOP, SPEED, TAILS, bars, ratio
from benchmarks.serving.contenders import OURS


def row(server: str, kind: str, connections: int, *rates: float, errors: int = 0) -> Any:
    each = [{"requests_per_second": rate} for rate in rates]
    which = {"server": server, "kind": kind, "connections": connections}
    return {**which, "errors": errors, "each": each}


def closed(rates: Mapping[str, float] | None = None, errors: int = 0) -> dict[str, Any]:
    """Ours answers 1,000 a second of everything, others 100 unless said, in three rounds."""
    kinds = ("json", "v2-json", "binary", "binary-64")
    rows = [row(OURS, kind, 8, 1000, 1000, 1000, errors=errors) for kind in kinds]
    others = [(kind, peer, 8) for kind, peer, _ in SPEED] + [("binary-64", LOOP, 1)]
    for kind, peer, connections in others:
        rate = (rates or {}).get(peer, 100.0)
        rows.append(row(peer, kind, connections, rate, rate / 2, rate * 2))
    return {"rows": rows}


def tails(ours: float = 1.0, longest: float = 10.0, errors: int = 0) -> dict[str, Any]:
    rows = [
        {"server": OURS, "kind": kind, "share": 0.7, "p99_ms": ours, "errors": errors}
        for kind in ("json", "v2-json")
    ]
    rows += [{"server": peer, "kind": kind, "share": 0.7, "p99_ms": 2.0} for kind, peer in TAILS]
    statuses = {"200": 1000, "503": errors}
    steady = {"seconds": 60, "max_ms": longest, "limit_ms": 50.0, "statuses": statuses}
    return {"rows": rows, "steady": steady}


def overload(**changes: Any) -> dict[str, Any]:
    memory = {"resident_mib": [600] * 30, "health": {"200": 300}}
    ratios = {"p99_ratio": 2.0, "p99_ratios": [1.0, 2.0, 9.0]}
    return {"unexpected": 0, **ratios, **memory, **changes}


def missed(*results: dict[str, Any]) -> list[str]:
    return [bar.what for bar in bars(*results) if not bar.held]


def test_all_are_met() -> None:
    found = bars(closed(), tails(), overload())
    assert [bar.what for bar in found if not bar.held] == []
    assert len(found) == len(SPEED) + 1 + len(TAILS) + 1 + 4


@pytest.mark.parametrize(("kind", "peer", "limit"), [*SPEED, ("binary-64", LOOP, 0.9)])
def test_each_ratio_of_speed(kind: str, peer: str, limit: float) -> None:
    assert ratio(closed(), kind, peer) == 10
    exactly = closed({peer: 1000 / limit})
    assert missed(exactly, tails(), overload()) == []
    (what,) = missed(closed({peer: 1000 / limit + 2}), tails(), overload())
    assert peer in what
    assert f"`{kind}`" in what
    (bar,) = (bar for bar in bars(exactly, tails(), overload()) if bar.what == what)
    assert bar.spread == pytest.approx((limit / 2, limit * 2))


def test_nothing_is_met_with_errors() -> None:
    assert len(missed(closed(errors=1), tails(), overload())) == len(SPEED) + 1
    assert len(missed(closed(), tails(errors=1), overload())) == len(TAILS) + 1


def test_tails() -> None:
    assert len(missed(closed(), tails(ours=2.0), overload())) == 0
    assert len(missed(closed(), tails(ours=2.1), overload())) == len(TAILS)
    assert len(missed(closed(), tails(longest=50.1), overload())) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"unexpected": 1},
        {"p99_ratio": 5.1},
        {"resident_mib": [600] * 20 + [640] * 10},
        {"health": {"200": 299, "503": 1}},
    ],
    ids=str,
)
def test_overload(changes: dict[str, Any]) -> None:
    assert len(missed(closed(), tails(), overload(**changes))) == 1
