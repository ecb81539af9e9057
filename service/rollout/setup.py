"""What a shadow and a canary are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract.rollout import Rollout
from service.rollout.answers import Answers
from service.rollout.ledger import Ledger
from service.serving.served import Served


@dataclass(frozen=True)
class Setup:
    """The parts of one rollout.

    Attributes:
        answers: reads what the versions answer.
        ledger: with one tally of pairs for a shadow; for a canary, one of each version.
        counted: called after each request that is counted.
        draw: a random number in [0, 1) for each request; it may be called from several threads.
    """

    rollout: Rollout
    stable: Served
    candidate: Served
    answers: Answers
    ledger: Ledger
    counted: Callable[[], None]
    draw: Callable[[], float]

    def draws_candidate(self) -> bool:
        """True if the candidate gets the next request, by chance."""
        return self.draw() < self.rollout.candidate_share
