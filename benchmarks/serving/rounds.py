"""Rounds of measurements: every server in turn, several times."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from benchmarks.serving.contenders import Contender, in_turn
from benchmarks.serving.process import Running, check
from benchmarks.serving.requests import Request, request_of
from benchmarks.serving.subject import Subject

K = TypeVar("K", bound=Hashable)
Figures = dict[str, Any]


def gather(
    rounds: int, names: Sequence[str], measure: Callable[[Contender], Iterable[tuple[K, Figures]]]
) -> dict[K, list[Figures]]:
    """Call `measure` for each contender in each round, and collect the figures by key.

    Args:
        names: contenders to measure; all if empty.
    """
    found: dict[K, list[Figures]] = {}
    for turn in range(rounds):
        for contender in in_turn(turn):
            if names and contender.name not in names:
                continue
            for key, figures in measure(contender):
                found.setdefault(key, []).append(figures)
                print(key, figures, flush=True)
    return found


def checked_requests(
    server: Running, contender: Contender, subject: Subject, kinds: Iterable[str]
) -> Iterator[tuple[str, Request]]:
    """The requests that a contender supports, each after one checked response."""
    for kind in kinds:
        if kind in contender.paths:
            request = request_of(kind, contender.paths[kind], subject.golden)
            check(server, request)
            yield kind, request
