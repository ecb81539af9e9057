"""A stated latency bound against what the kinds of models were measured to take."""

from __future__ import annotations

from collections.abc import Sequence

from guide import decision as d
from guide.facts import Facts
from guide.latencies import Latency, latencies
from guide.resolution import Resolution
from guide.tables import CandidateEntry


def exceeds(candidate: CandidateEntry, facts: Facts) -> bool:
    """Whether its kind was measured to take longer than the stated bound."""
    found = _measured(candidate, facts)
    return found is not None and found.milliseconds > _bound(facts)


def compared(candidate: CandidateEntry, facts: Facts) -> list[str]:
    """The measurement beside the bound, if there are both."""
    found = _measured(candidate, facts)
    if found is None:
        return []
    side = "above" if found.milliseconds > _bound(facts) else "within"
    return [f"{_figure(found, candidate.larger)}: {side} the {_bound(facts):g} ms stated"]


def crossed(resolution: Resolution, facts: Facts) -> list[str]:
    """The measurements that a bound is below, of the fired clauses that rule a network out."""
    return [
        f"{_figure(latencies()[condition.operand])}: above the {_bound(facts):g} ms stated"
        for clause in resolution.fired
        if not clause.data.shapes
        for condition in clause.data.when
        if condition.operator == "faster_than"
    ]


def unmet(chosen: Sequence[CandidateEntry], facts: Facts) -> list[d.Unmet]:
    """The bound, if every candidate was measured to take longer."""
    if not chosen or not all(exceeds(candidate, facts) for candidate in chosen):
        return []
    fastest = min(
        (found for c in chosen if (found := _measured(c, facts))), key=lambda f: f.milliseconds
    )
    need = f"an answer within {_bound(facts):g} ms"
    return [d.Unmet(fact="latency_ms", need=need, why=f"the fastest candidate: {_figure(fastest)}")]


def _measured(candidate: CandidateEntry, facts: Facts) -> Latency | None:
    # All figures are of a CPU, and say nothing of a GPU.
    if facts.latency_ms is None or facts.hardware == "gpu" or candidate.kind is None:
        return None
    return latencies()[candidate.kind]


def _bound(facts: Facts) -> float:
    return facts.latency_ms or 0.0


def _figure(found: Latency, larger: str | None = None) -> str:
    what = f"{found.what} ({larger})" if larger else found.what
    return f"{what}, was measured at {found.milliseconds:g} ms on one thread of a CPU"
