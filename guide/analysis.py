"""What would change the verdict: each unknown fact, the possible verdicts, the smallest flips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from guide.buckets import Bucket
from guide.engine import Engine, Outcome
from guide.facts import NAMES
from guide.search import Flip, Search
from guide.space import FactMask
from guide.states import Move

# These facts define the problem. The others are circumstances: they can change, and the problem
# stays the same.
PROBLEM = ("modalities", "task", "domain")
CIRCUMSTANCES = tuple(i for i, name in enumerate(NAMES) if name not in PROBLEM)
EVERYTHING = tuple(range(len(NAMES)))


@dataclass(frozen=True)
class Missing:
    """An unknown fact, with each bucket that would change the outcome, and that outcome."""

    fact: int
    changes: tuple[tuple[int, Outcome], ...]


class Analyst:
    """Searches with one engine. Answers depend on the masks alone, so they are cached."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._unknown = engine.space.unknown
        self._search = Search(engine)
        # Small caches, because every full garbage collection walks over what they hold.
        self.flips = lru_cache(maxsize=512)(self._flips)
        self.missing = lru_cache(maxsize=256)(self._missing)
        self.verdicts = lru_cache(maxsize=256)(self._search.verdicts)

    def unknown(self, masks: FactMask) -> tuple[int, ...]:
        """The facts that are not stated and that at least one rule reads."""
        return tuple(
            fact
            for fact, mask in enumerate(masks)
            if mask == self._unknown[fact] and mask & (mask - 1)
        )

    def bucket(self, move: Move) -> Bucket:
        """The values that a move stands for."""
        return self._engine.space.buckets[NAMES[move.fact]][move.bucket]

    def _missing(self, masks: FactMask) -> tuple[Missing, ...]:
        """The unknown facts that, each stated alone, can change verdict, contest or strategy."""
        now = self._engine.outcome(masks)
        unknown = self.unknown(masks)
        changes: dict[int, list[tuple[int, Outcome]]] = {}
        for flip in self._search.single(masks):
            (move,) = flip.moves
            if move.fact in unknown and flip.outcome != now:
                changes.setdefault(move.fact, []).append((move.bucket, flip.outcome))
        found = [Missing(fact, tuple(changed)) for fact, changed in changes.items()]
        undecided = now.verdict == "insufficient_information"

        def order(missing: Missing) -> tuple[bool, bool, bool]:
            flips = [
                bucket for bucket, outcome in missing.changes if outcome.verdict != now.verdict
            ]
            # That there might be nothing at all is the least that people need to hear.
            nothing = all(self.bucket(Move(missing.fact, b)).values == (0, 0) for b in flips)
            # People can state a circumstance more easily than change the problem.
            return not flips, nothing, not undecided and missing.fact not in CIRCUMSTANCES

        return tuple(sorted(found, key=order))

    def _flips(self, masks: FactMask, facts: tuple[int, ...]) -> tuple[Flip, ...]:
        """The smallest sets of moves of these facts that flip the verdict, all of the same size."""
        return tuple(self._nearest(masks, self._search.smallest(masks, frozenset(facts))))

    def _nearest(self, masks: FactMask, flips: Sequence[Flip]) -> list[Flip]:
        """Keep only the nearest range where several, on one side of a number, give one verdict."""
        best: dict[object, tuple[int, Flip]] = {}
        for flip in flips:
            key, distance = [], 0
            for move in flip.moves:
                here = masks[move.fact]
                if not self.bucket(move).is_range or here == self._unknown[move.fact]:
                    key.append((move.fact, move.bucket))
                    continue
                steps = move.bucket - (here.bit_length() - 1)
                key.append((move.fact, -1 if steps < 0 else -2))
                distance += abs(steps)
            known = (tuple(key), flip.outcome.verdict)
            if known not in best or distance < best[known][0]:
                best[known] = (distance, flip)
        return [flip for _, flip in best.values()]
