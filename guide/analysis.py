"""What would change the verdict: exact searches over the buckets, which run the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

from guide.engine import Engine, Outcome
from guide.facts import NAMES
from guide.rules import Verdict
from guide.space import Bucket, FactMask, bits, consistent, ordered

# These facts define the problem. The others are circumstances: they can change, and the problem
# stays the same.
PROBLEM = ("modalities", "task", "domain")
CIRCUMSTANCES = tuple(i for i, name in enumerate(NAMES) if name not in PROBLEM)
EVERYTHING = tuple(range(len(NAMES)))


@dataclass(frozen=True)
class Move:
    """One fact, by its index, set to one bucket."""

    fact: int
    bucket: int


@dataclass(frozen=True)
class Flip:
    """A set of moves that changes the verdict, and the outcome after them."""

    moves: tuple[Move, ...]
    outcome: Outcome


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
        self._every_move = [
            [(bit, Move(fact, bit.bit_length() - 1)) for bit in bits(mask)]
            for fact, mask in enumerate(self._unknown)
        ]
        # Small caches, because every full garbage collection walks over what they hold.
        self.flips = lru_cache(maxsize=512)(self._flips)
        self.missing = lru_cache(maxsize=256)(self._missing)
        self.verdicts = lru_cache(maxsize=256)(self._verdicts)
        self._relevant = lru_cache(maxsize=1024)(self._search)

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
        found = []
        for fact in self.unknown(masks):
            changes = tuple(
                (move.bucket, outcome)
                for move in self._moves(masks, fact)
                if (outcome := self._after(masks, (move,))) is not None and outcome != now
            )
            if changes:
                found.append(Missing(fact, changes))
        undecided = now.verdict == "insufficient_information"

        def order(missing: Missing) -> tuple[bool, bool]:
            flips = any(outcome.verdict != now.verdict for _, outcome in missing.changes)
            # People can state a circumstance more easily than change the problem.
            return not flips, not undecided and missing.fact not in CIRCUMSTANCES

        return tuple(sorted(found, key=order))

    def _verdicts(self, masks: FactMask) -> frozenset[Verdict]:
        """Every verdict that is possible once the unknown facts are known."""
        # Facts of the first tiers vary fastest, so all verdicts turn up early.
        facts = self.relevant(masks, self.unknown(masks))[::-1]
        found: set[Verdict] = set()
        for completion in self._engine.space.completions(masks, facts):
            found.add(self._engine.resolve(completion).verdict)
            if len(found) == len(self._possible):
                break
        return frozenset(found)

    @property
    def _possible(self) -> set[str]:
        return {f for clause in self._engine.clauses for f in clause.data.families}

    def _flips(self, masks: FactMask, facts: tuple[int, ...]) -> tuple[Flip, ...]:
        """The smallest sets of moves of these facts that flip the verdict, all of the same size."""
        relevant = self.relevant(masks, facts)
        now = self._engine.outcome(masks).verdict
        for size in range(1, len(relevant) + 1):
            found = [
                flip
                for chosen in combinations(sorted(relevant), size)
                for flip in self._flips_of(masks, chosen, now)
            ]
            if found:
                return tuple(self._nearest(masks, found))
        return ()

    def _flips_of(self, masks: FactMask, facts: Sequence[int], now: Verdict) -> Iterator[Flip]:
        for moves in product(*(self._moves(masks, fact) for fact in facts)):
            outcome = self._after(masks, moves)
            if outcome is not None and outcome.verdict != now:
                yield Flip(moves, outcome)

    def _nearest(self, masks: FactMask, flips: Sequence[Flip]) -> list[Flip]:
        """Keep only the nearest range where several, on one side of a count, give one verdict."""
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

    def _moves(self, masks: FactMask, fact: int) -> list[Move]:
        return [move for bit, move in self._every_move[fact] if bit != masks[fact]]

    def _after(self, masks: FactMask, moves: Sequence[Move]) -> Outcome | None:
        """The outcome after these moves, or None if the counts contradict each other."""
        changed = list(masks)
        for move in moves:
            changed[move.fact] = 1 << move.bucket
        return self._engine.outcome(tuple(changed)) if consistent(changed) else None

    def relevant(self, masks: FactMask, facts: Sequence[int]) -> tuple[int, ...]:
        """The facts among these that can change the verdict at all."""
        changed = list(masks)
        for fact in facts:
            changed[fact] = self._unknown[fact]
        return self._relevant(ordered(changed), frozenset(facts))

    def _search(self, masks: FactMask, free: frozenset[int]) -> tuple[int, ...]:
        """The facts that clauses read, up to the first clause that surely fires for one family.

        Clauses of a higher rank cannot change the verdict.
        """
        found: dict[int, None] = {}
        failed: set[str] = set()
        for clause in sorted(self._engine.clauses, key=lambda c: c.rank):
            if clause.status(masks) == "not_fired":
                failed.add(clause.name)
                continue
            read = self._engine.reads(clause) & free
            found.update(dict.fromkeys(sorted(read)))
            sure = not read and all(c.name in failed for c in self._engine.before(clause))
            if sure and len(clause.data.families) == 1 and clause.status(masks) == "fired":
                break
        return tuple(found)
