"""Shapley values by sampling permutations in antithetic pairs.

A permutation lets the parts of a row come one after the other, and what the answer gains by a part
is its contribution in that order; the mean over all orders is its Shapley value (Castro et al.,
2009). A permutation and its reverse make a pair whose errors partly cancel (Mitchell et al., 2022).
In every order the gains add up to the answer less that of the background, so efficiency holds
exactly and not on average.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from contract.batch import Batch
from contract.tensors import Input
from service.explain.method import Explained, Explanation
from service.explain.players import Players, players_of
from service.explain.question import Question

# Pairs are added until the standard error of every contribution is below this, of a probability or
# of the spread of the model's answers; at most so many.
STANDARD_ERROR = 0.02
LEAST_PAIRS, MOST_PAIRS, PAIRS_AT_ONCE = 8, 200, 8
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
        spread = 1.0
        if self._explains != "probability":
            spread = float(np.std(question.ask(self._samples))) or 1.0
        sampled = _Sample(players, question.ask, spread)
        sampled.run()
        value = float(question.ask(question.row)[0])
        contributions, base = sampled.mean, sampled.base
        return Explanation(
            explains=self._explains,
            attribution=players.attribution(contributions),
            base=base,
            value=value,
            total=base + float(contributions.sum()),
            additive=True,
            standard_error=sampled.error,
            runs=sampled.runs + 1,
        )


class _Sample:
    """Pairs of permutations and what they found.

    Attributes:
        mean: the contributions [count]. base: the mean answer of the backgrounds.
        error: the largest standard error. runs: rows asked.
    """

    def __init__(self, players: Players, ask: Callable[[Batch], Floats], spread: float) -> None:
        self._players, self._ask, self._limit = players, ask, STANDARD_ERROR * spread
        self._generator = np.random.default_rng(_SEED)
        self._found: list[Floats] = []
        self._bases: list[float] = []
        self.runs = 0

    def run(self) -> None:
        """Add pairs until the error is small enough."""
        while len(self._found) < MOST_PAIRS:
            self._add()
            if len(self._found) >= LEAST_PAIRS and self.error <= self._limit:
                return

    @property
    def mean(self) -> Floats:
        """See the class."""
        result: Floats = np.mean(self._found, axis=0)
        return result

    @property
    def base(self) -> float:
        """See the class."""
        return float(np.mean(self._bases))

    @property
    def error(self) -> float:
        """See the class."""
        pairs = np.array(self._found)
        if len(pairs) < 2:
            return float("inf")
        return float((pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))).max(initial=0.0))

    def _add(self) -> None:
        """Ask for some pairs at once."""
        count = self._players.count
        orders = [self._generator.permutation(count) for _ in range(PAIRS_AT_ONCE)]
        both = [order for one in orders for order in (one, one[::-1])]
        backgrounds = self._generator.integers(self._players.backgrounds, size=PAIRS_AT_ONCE)
        parts = [
            self._players.rows(_growing(order), int(backgrounds[i // 2]))
            for i, order in enumerate(both)
        ]
        asked = Batch.join(parts)
        answers = self._ask(asked).reshape(len(both), count + 1)
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
