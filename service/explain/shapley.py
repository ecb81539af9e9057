"""Shapley values by sampling permutations in antithetic pairs.

A permutation lets the parts of a row come one after the other, and what the answer gains by a part
is its contribution in that order; the mean over all orders is its Shapley value (Castro et al.,
2009). A permutation and its reverse make a pair whose errors partly cancel (Mitchell et al., 2022).
In every order the gains add up to the answer less that of the background, so efficiency holds
exactly and not on average.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contract.batch import Batch
from contract.explanations import Explained
from contract.tensors import Input
from service.errors import ModelError
from service.explain.method import Explanation
from service.explain.players import Players, players_of
from service.explain.question import Question

# Pairs are added until the standard error of every contribution is below this, of a probability or
# of the spread of the model's answers; at most so many, and no more when the time is over.
STANDARD_ERROR = 0.02
LEAST_PAIRS, MOST_PAIRS, PAIRS_AT_ONCE = 8, 200, 8
LEAST_ROUNDS = 4
# Rows that are asked at once take at most so much memory; of one order all are asked together.
BYTES_AT_ONCE = 32 * 2**20
# Largest gap between the sum and the answer, as a share of the larger of them and 1.
TOLERANCE = 1e-5
_SEED = 0

Floats = NDArray[np.float64]


class Shapley:
    """Shapley values of every model whose rows have parts; see `Method`."""

    name = "shapley"

    def __init__(self, inputs: Sequence[Input], samples: Batch, explains: Explained) -> None:
        self._inputs, self._samples, self._explains = inputs, samples, explains

    def explain(self, question: Question) -> Explanation:
        """See `Method`."""
        players = players_of(self._inputs, question, self._samples)
        sampled = _Sample(players, question, self._spread(question))
        sampled.run()
        value = float(question.ask(question.row)[0])
        contributions, base = sampled.mean, sampled.base
        found = Explanation(
            explains=self._explains,
            attribution=players.attribution(contributions),
            base=base,
            value=value,
            total=base + float(contributions.sum()),
            additive=True,
            standard_error=sampled.error,
            runs=sampled.runs + 1,
        )
        if not abs(found.gap) <= TOLERANCE * max(1.0, abs(base), abs(value)):
            raise ModelError(
                f"the sampled contributions miss the answer by {abs(found.gap):.2g}, so they are "
                "not shown; ask for another method"
            )
        return found

    def _spread(self, question: Question) -> float:
        """What standard errors are measured by."""
        if self._explains == "probability":
            return 1.0
        answers = question.ask(self._samples)
        return float(np.std(answers)) or abs(float(np.mean(answers))) or 1.0


class _Sample:
    """Pairs of permutations, in rounds that have each background once.

    Backgrounds differ more than orders do, so it is rounds that are compared: a function that adds
    its parts up has no error.

    Attributes:
        runs: rows asked.
    """

    def __init__(self, players: Players, question: Question, spread: float) -> None:
        self._players, self._question = players, question
        self._limit = STANDARD_ERROR * spread
        each = sum(array.nbytes for array in question.row.arrays.values())
        pairs = BYTES_AT_ONCE // (2 * (players.count + 1) * max(1, each))
        self._at_once = int(np.clip(pairs, 1, PAIRS_AT_ONCE))
        self._generator = np.random.default_rng(_SEED)
        self._found: list[Floats] = []
        self._bases: list[float] = []
        self.runs = 0

    def run(self) -> None:
        """Add pairs until the error is small enough, or the time is over."""
        stop, size = self._question.stop, self._players.backgrounds
        while len(self._found) < max(MOST_PAIRS, 2 * size):
            stop.check()
            self._add()
            count = len(self._found)
            full = count % size == 0 and count >= max(LEAST_PAIRS, LEAST_ROUNDS * size)
            if (full and self.error <= self._limit) or (stop.late and count > 1):
                return

    @property
    def mean(self) -> Floats:
        """The contributions [count]."""
        result: Floats = np.mean(self._found[: self._whole], axis=0)
        return result

    @property
    def base(self) -> float:
        """The mean answer of the backgrounds."""
        return float(np.mean(self._bases[: self._whole]))

    @property
    def error(self) -> float:
        """The largest standard error of a contribution."""
        size = self._players.backgrounds
        rounds = len(self._found) // size
        if rounds > 1:
            groups = np.reshape(self._found[: rounds * size], (rounds, size, -1)).mean(axis=1)
        else:
            groups = np.array(self._found)
        errors = groups.std(axis=0, ddof=1) / np.sqrt(len(groups))
        return float(errors.max(initial=0.0))

    @property
    def _whole(self) -> int:
        """Pairs of whole rounds; all of them before the first is whole."""
        size = self._players.backgrounds
        return len(self._found) // size * size or len(self._found)

    def _add(self) -> None:
        """Ask for some pairs at once."""
        count, size = self._players.count, self._players.backgrounds
        first = len(self._found)
        # Not beyond the end of a round.
        pairs = min(self._at_once, size - first % size) if size > 1 else self._at_once
        orders = [self._generator.permutation(count) for _ in range(pairs)]
        both = [order for one in orders for order in (one, one[::-1])]
        parts = [
            self._players.rows(_growing(order), (first + i // 2) % size)
            for i, order in enumerate(both)
        ]
        asked = Batch.join(parts)
        answers = self._question.answers(asked).reshape(len(both), count + 1)
        self.runs += len(asked)
        gains = np.empty((len(both), count))
        for i, order in enumerate(both):
            gains[i, order] = np.diff(answers[i])
        self._found += list((gains[::2] + gains[1::2]) / 2)
        self._bases += list((answers[::2, 0] + answers[1::2, 0]) / 2)


def _growing(order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which parts are there before each step of an order, [count + 1, count]."""
    place = np.argsort(order)
    return place[None] < np.arange(len(order) + 1)[:, None]
