"""What every method of explanation takes and returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from contract.explanations import Explained
from service.explain.question import Question


@dataclass(frozen=True)
class Explanation:
    """One answer explained.

    Attributes:
        explains: what the numbers add up to.
        attribution: of an image nested lists of its shape; of columns an object; of a text its
            words with their places.
        base: the answer before any contribution. value: the answer.
        total: base and all contributions, added in double precision.
        additive: whether `total` is to equal `value`.
        standard_error: the largest of a contribution, of methods that sample.
        runs: rows that the model was asked.
    """

    explains: Explained
    attribution: Any
    base: float
    value: float
    total: float
    additive: bool
    standard_error: float | None
    runs: int

    @property
    def gap(self) -> float:
        """How much the sum misses the answer by."""
        return self.total - self.value


class Method(Protocol):
    """A method for one model. Thread-safe."""

    @property
    def name(self) -> str:
        """As requests name it."""

    def explain(self, question: Question) -> Explanation:
        """Explain one row.

        Raises:
            ModelError: the contributions do not add up to the answer.
            UnavailableError: an explanation graph cannot be used.
        """
