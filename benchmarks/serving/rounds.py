"""The servers in turn, several times: what each round finds is gathered by what was asked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

from benchmarks.serving.contenders import Contender, in_turn

K = TypeVar("K", bound=Hashable)
Figures = dict[str, Any]


def gather(
    rounds: int, names: Sequence[str], ask: Callable[[Contender], Iterable[tuple[K, Figures]]]
) -> dict[K, list[Figures]]:
    """What `ask` finds of each contender, or of those that are named, round by round."""
    found: dict[K, list[Figures]] = {}
    for turn in range(rounds):
        for contender in in_turn(turn):
            if names and contender.name not in names:
                continue
            for key, figures in ask(contender):
                found.setdefault(key, []).append(figures)
                print(key, figures, flush=True)
    return found
