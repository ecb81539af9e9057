"""Occlusion (Zeiler and Fergus, 2014): what the answer loses when a part is taken away.

Quick and easy to read, but the losses do not add up to the answer: two parts that say the same are
both worth nothing. Of an image a square moves by half its side, and each pixel gets the mean of the
squares that covered it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from contract.batch import Batch
from contract.explanations import Explained
from contract.tensors import Input
from service.explain.method import Explanation
from service.explain.players import Patches, Players, players_of
from service.explain.question import Question


class Occlusion:
    """Losses without each part; see `Method`."""

    name = "occlusion"

    def __init__(self, inputs: Sequence[Input], samples: Batch, explains: Explained) -> None:
        self._inputs, self._samples, self._explains = inputs, samples, explains

    def explain(self, question: Question) -> Explanation:
        """See `Method`."""
        players = players_of(self._inputs, question, self._samples)
        value = float(question.answers(question.row)[0])
        attribution, total, runs = (
            _squares(players, question, value)
            if isinstance(players, Patches)
            else _parts(players, question, value)
        )
        nothing = np.zeros((1, players.count), bool)
        backgrounds = range(players.backgrounds)
        base = question.answers(Batch.join([players.rows(nothing, k) for k in backgrounds])).mean()
        return Explanation(
            explains=self._explains,
            attribution=attribution,
            base=float(base),
            value=value,
            total=float(base) + total,
            additive=False,
            standard_error=None,
            runs=runs + 1 + len(backgrounds),
        )


def _squares(players: Patches, question: Question, value: float) -> tuple[Any, float, int]:
    """The mean loss of the squares over each pixel."""
    covered = players.squares()
    losses = value - question.answers(players.masked(~covered))
    counts = covered.sum(axis=0)
    pixels = np.tensordot(losses, covered.astype(np.float64), axes=1) / counts
    # A square's loss is shared by its pixels, as a patch's is.
    pixels /= players.side**2
    return players.shaped(pixels), float(pixels.sum()), len(covered)


def _parts(players: Players, question: Question, value: float) -> tuple[Any, float, int]:
    """The loss without each column or word, the mean over the backgrounds."""
    without = ~np.eye(players.count, dtype=bool)
    every = players.backgrounds
    asked = Batch.join([players.rows(without, k) for k in range(every)])
    answers = question.answers(asked).reshape(every, players.count)
    losses = value - answers.mean(axis=0)
    return players.attribution(losses), float(losses.sum()), len(asked)
