"""The servers in turn, several times: what each round finds is gathered by what was asked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from benchmarks.serving.contenders import Contender, in_turn
from benchmarks.serving.process import Running, ask
from benchmarks.serving.questions import Question, question
from benchmarks.serving.subject import Subject

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


def questions(
    server: Running, contender: Contender, subject: Subject, kinds: Iterable[str]
) -> Iterator[tuple[str, Question]]:
    """Those of the questions that a contender takes; each was just answered rightly."""
    for kind in kinds:
        if kind in contender.asked:
            asked = question(kind, contender.asked[kind], subject.golden)
            ask(server, asked)
            yield kind, asked
